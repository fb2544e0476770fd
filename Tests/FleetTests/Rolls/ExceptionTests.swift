import Build
import Inventory
import PXE
import Rollout
import Testing
import Vocabulary

@testable import Fleet

@Suite("Machines that do not go with their profile")
struct ExceptionTests {
    @Test(
        "A pinned machine gets its image at once, keeps it through a roll, and belongs to its profile again when it is let go"
    )
    func pinned() async throws {
        let story = try await RollStory(2)
        let other = try story.fixture.image("other", "other")
        try await story.fleet.pin(["n1"], to: other)
        #expect(story.state(1).assigned == other && story.state(1).desired == other)
        try await story.boot(1)
        #expect(story.state(1).lastGood == other)
        _ = try await story.release("new")
        let preview = try await story.fleet.preview(RollAsk(profile: "web"))
        #expect(preview.plan.excluded.map(\.machine) == ["n1"] && preview.plan.members == 1)
        try await story.fleet.pin(["n2"], to: nil)
        #expect(story.state(2).assigned == story.old)
        await #expect(throws: FleetError.self) { try await story.fleet.pin(["n1"], to: Digest(of: [1])) }
        await #expect(throws: FleetError.self) { try await story.fleet.pin(["n7"], to: nil) }
        #expect(try await story.fleet.unpin(["n1", "n2"]) == ["n1", "n2"])
        #expect(try await story.fleet.unpin(["n1"]) == [])
        await story.sweep()
        #expect(story.state(1).assigned == other, "until a roll")
        let id = try await story.roll()
        try await story.wait(.minutes(3))
        #expect(try await story.progress(id).counts == [.done: 2])
    }

    @Test(
        "A machine that is to be rescued gets the rescue image, which proves nothing, until that ends; also after a restart"
    )
    func rescued() async throws {
        let story = try await RollStory(2) { $0.rescue = "rescue" }
        await #expect(throws: FleetError.self) { try await story.fleet.rescue(["n1"], ends: false) }
        let rescue = try story.fixture.image("rescue", "rescue")
        story.fleet.planner.invalidate()
        try await story.fleet.rescue(["n1"], ends: false)
        let why = try await story.fleet.explain("n1")
        guard case .image(rescue, _, let because) = why.answer else {
            Issue.record("\(why.answer)")
            return
        }
        #expect(because.contains("rescue"))
        try await story.restart()
        #expect(story.state(1).isRescued && story.fleet.nextImage(of: "n1") == rescue, "after a restart too")
        try await story.boot(1)
        #expect(story.booted.last?.image == rescue && story.state(1).lastGood == story.old)
        #expect(story.fleet.standing(of: "n1")?.boot?.isRescue == true)
        await story.fleet.rollouts.tick(now: story.now)
        #expect(story.unavailable == 1, "what runs the rescue image does no work")
        try await story.fleet.rescue(["n1"], ends: true)
        try await story.boot(1)
        #expect(story.booted.last?.image == story.old)
    }

    @Test("A last good image that fails three times in a row gives way to the rescue image")
    func repeatedFailures() async throws {
        let story = try await RollStory(1) { $0.rescue = "rescue" }
        let rescue = try story.fixture.image("rescue", "rescue")
        story.fleet.planner.invalidate()
        story.bad = [story.old]
        for _ in 0..<4 { try await story.bootOnce(1) }
        #expect(story.booted.suffix(4).map(\.image) == [story.old, story.old, story.old, rescue])
        try await story.restart()
        #expect(story.state(1).failures == 3, "counted over a restart")
        #expect(story.fleet.standing(of: "n1")?.boot?.isRescue == true)
        try await story.bootOnce(1)
        #expect(story.booted.last?.image == rescue)
        // With nothing under way, alarms are looked at every half minute.
        story.now = story.now + .seconds(31)
        await story.fleet.rollouts.tick(now: story.now)
        #expect(story.fleet.rollouts.rows.alarms.keys.contains(.stuck(machine: "n1")))
        #expect(try await story.events().contains { $0.kind == "alarm.stuck.raised" && $0.subject == "n1" })
    }

    @Test("A machine that said again and again that it lives is unavailable when it does not, and back when it does")
    func silent() async throws {
        let story = try await RollStory(1)
        let book = story.fleet.authority.book
        let boot = try #require(story.fleet.standing(of: "n1")?.boot)
        func look(after span: TimeSpan) async {
            story.now = story.now + span.duration
            await story.fleet.rollouts.tick(now: story.now)
        }
        await look(after: .minutes(60))
        #expect(story.unavailable == 0, "who never said so is not expected to")
        func alive() {
            #expect(book.report(BootReport(state: .alive), of: boot.id, now: story.now) { _ in })
        }
        alive()
        await look(after: .minutes(2))
        #expect(story.unavailable == 0)
        await look(after: .minutes(1))
        #expect(story.unavailable == 1)
        alive()
        await look(after: .seconds(1))
        #expect(story.unavailable == 0)
    }

    @Test("A script whose kernel never comes is the network's failure: no try is spent, and an alarm says so")
    func network() async throws {
        let story = try await RollStory(1)
        let new = try await story.release("new")
        _ = try await story.roll()
        await story.fleet.rollouts.tick(now: story.now)
        let tries = story.state(1).triesLeft
        story.crash(1)
        #expect(await story.fleet.ask(1).boot?.image == new)
        for _ in 0..<14 {
            story.now = story.now + .seconds(30)
            await story.fleet.rollouts.tick(now: story.now)
        }
        #expect(story.state(1).triesLeft == tries)
        #expect(try await story.events().contains { $0.kind == "alarm.network.raised" && $0.subject == "n1" })
        try await story.boot(1)
        await story.fleet.rollouts.tick(now: story.now)
        #expect(try await story.events().contains { $0.kind == "alarm.network.cleared" && $0.subject == "n1" })
    }
}
