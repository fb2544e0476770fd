import Inventory
import PXE
import Rollout
import Testing
import Vocabulary

@testable import Fleet

@Suite("What rolls go by outlives the server")
struct RollMemoryTests {
    @Test("How long machines take to boot is learned, kept over a restart, and makes deadlines")
    func bootTimes() async throws {
        let story = try await RollStory(2)
        let driver = story.fleet.rollouts
        // A machine that asks now and is healthy ten minutes later.
        story.crash(1)
        let boot = try #require(await story.fleet.ask(1).boot)
        await driver.tick(now: story.now)
        story.fixture.fetch(boot, number: 1)
        for _ in 0..<20 {
            story.now = story.now + .seconds(30)
            await driver.tick(now: story.now)
        }
        story.fleet.authority.book.healthy(boot.boot, now: story.now)
        await driver.tick(now: story.now)
        let learned = try #require(story.fleet.rollouts.rows.bootTimes[""])
        let slowest = try #require(learned.p99)
        #expect(slowest >= .minutes(9) && slowest <= .minutes(11))
        // What was learned is written every half minute.
        story.now = story.now + .seconds(31)
        await driver.tick(now: story.now)
        try await story.restart()
        let rows = story.fleet.rollouts.rows
        #expect(rows.bootTimes[""] == learned)
        let machine = try #require(rows["n1"])
        #expect(rows.bootDeadline(of: machine, RollSpec()) == TimeSpan(milliseconds: 3 * slowest.milliseconds))
    }

    /// Ten machines, and a brake that is pulled when three are lost.
    private func lost() async throws -> RollStory {
        let story = try await RollStory(10) { configuration in
            configuration.brake.share = .percent(10)
            configuration.brake.atLeast = 2
        }
        for number in UInt8(1)...3 { story.crash(number) }
        // With nothing under way, the fleet is looked at every half minute.
        story.now = story.now + .seconds(31)
        await story.fleet.rollouts.tick(now: story.now)
        return story
    }

    @Test("The brake freezes the fleet, says so, and stays pulled over a restart")
    func brake() async throws {
        let story = try await lost()
        let freeze = try #require(story.fleet.freeze)
        #expect(freeze.cause == .brake && freeze.reason.hasPrefix("3 of 10 machines turned sick within 10m"))
        let alarm = try #require(story.fleet.rollouts.rows.alarms[.frozen])
        try await story.restart()
        #expect(story.fleet.freeze == freeze && story.fleet.rollouts.rows.alarms[.frozen] == alarm)
        #expect(story.fleet.rollouts.rows.brake.atLeast == 2)
        _ = try await story.release("new")
        await #expect(throws: FleetError.self) { _ = try await story.roll() }
        // Boots are answered as ever.
        for number in UInt8(1)...3 { try await story.boot(number) }
        await story.fleet.rollouts.tick(now: story.now)
        #expect(story.fleet.freeze == freeze, "nobody has thawed it")
        let kinds = try await story.events().map(\.kind)
        #expect(kinds.count { $0 == "fleet.frozen" } == 1 && kinds.count { $0 == "alarm.frozen.raised" } == 1)
    }

    @Test("A thawed fleet stays thawed, though who was lost is not back, and over a restart too")
    func thawed() async throws {
        let story = try await lost()
        try await story.restart()
        try await story.fleet.thaw()
        func look() async {
            story.now = story.now + .seconds(31)
            await story.fleet.rollouts.tick(now: story.now)
        }
        await look()
        #expect(story.fleet.freeze == nil && story.fleet.rollouts.rows.alarms[.frozen] == nil)
        try await story.restart()
        await look()
        #expect(story.fleet.freeze == nil, "they were lost before the thaw")
        let kinds = try await story.events().map(\.kind)
        #expect(kinds.contains("fleet.thawed") && kinds.contains("alarm.frozen.cleared"))
        // One more is not three.
        story.crash(4)
        await look()
        #expect(story.fleet.freeze == nil)
        for number in UInt8(5)...6 { story.crash(number) }
        await look()
        #expect(story.fleet.freeze?.reason.hasPrefix("3 of 10") == true)
    }
}
