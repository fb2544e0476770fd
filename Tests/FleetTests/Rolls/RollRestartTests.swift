import Foundation
import Inventory
import PXE
import Rollout
import Testing
import Vocabulary

@testable import Fleet

@Suite("A server that is killed in the middle of a roll")
struct RollRestartTests {
    /// Where the server dies; what it had begun outside goes on or not.
    enum Point: CaseIterable {
        case started, granted, askedToReboot, rebootUnrecorded, booting, booted, settled, held
    }

    @Test("Nothing is lost, nothing is granted twice, and what was begun is done again", arguments: Point.allCases)
    func killed(_ point: Point) async throws {
        let story = try await RollStory(3, options: quick { $0.gates = [.http(url: "http://localhost/go")] })
        let new = try await story.release("new")
        let id = try await story.roll()
        let driver = story.fleet.rollouts
        var interrupted: [UInt8] = []
        switch point {
        case .started, .granted: break
        case .askedToReboot, .rebootUnrecorded:
            for work in driver.rows.work() { await driver.perform(work) }
            if point == .rebootUnrecorded { await driver.tick(now: story.now) }
        case .booting:
            for work in driver.rows.work() { await driver.perform(work) }
            for number in story.hands.takeReboots() {
                story.fleet.authority.observe(
                    .discovered(MachineIdentity(mac: mac(number)), client: .pxe, interface: "eth0")
                )
                _ = await story.fleet.ask(number)
                interrupted.append(number)
            }
        case .booted:
            for work in driver.rows.work() { await driver.perform(work) }
            for number in story.hands.takeReboots() { try await story.boot(number) }
        case .settled: try await story.settle()
        case .held:
            story.hands.log.withLock { $0.gate = .unknown("no data") }
            try await story.wait(.minutes(3))
            story.hands.log.withLock { $0.gate = .pass }
        }
        let granted = (1...3).filter { story.state(UInt8($0)).assigned == new }
        let generations = (1...3).map { story.state(UInt8($0)).generation }
        try await story.restart()
        #expect((1...3).filter { story.state(UInt8($0)).assigned == new } == granted)
        #expect((1...3).map { story.state(UInt8($0)).generation } == generations)
        #expect(story.unavailable <= 1)
        if point == .held { _ = try await story.fleet.perform(.resume, on: id) }
        for number in interrupted { try await story.boot(number) }
        for _ in 0..<10 {
            try await story.wait(.seconds(60))
            #expect(story.unavailable <= 1)
        }
        let progress = try await story.progress(id)
        #expect(progress.row.status == .ended(.done) && progress.counts == [.done: 3])
        #expect(progress.row.grants == 3, "each once")
        #expect((1...3).allSatisfy { story.state(UInt8($0)).lastGood == new })
        let reboots = story.hands.log.withLock { $0.all.count { $0.hasPrefix("reboot") } }
        #expect(reboots >= 3 && reboots <= 4, "one of them may have been asked for twice")
    }

    @Test("A tick whose rows cannot be written changes nothing; the next one does what it would have done")
    func unwritable() async throws {
        let story = try await RollStory(2)
        let new = try await story.release("new")
        let id = try await story.roll()
        try await story.settle()
        let before = story.fleet.rollouts.rows
        #expect(
            before.machines.count { $0.boot.assigned == new } == 2 || before.machines.count(where: \.isInFlight) <= 1
        )
        let path = story.fixture.path + "/ledger.sqlite"
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.moveItem(atPath: path + suffix, toPath: path + suffix + ".away")
        }
        await #expect(throws: (any Error).self) { _ = try await story.fleet.perform(.abort, on: id) }
        #expect(story.fleet.rollouts.rows.rolls == before.rolls)
        #expect(story.fleet.rollouts.rows.machines.map(\.part) == before.machines.map(\.part))
        #expect((1...2).map { story.state($0).assigned } == before.machines.map(\.boot.assigned))
        story.fleet.ledger.close()
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix + ".away") {
            try? FileManager.default.removeItem(atPath: path + suffix)
            try FileManager.default.moveItem(atPath: path + suffix + ".away", toPath: path + suffix)
        }
        try await story.restart()
        try await story.wait(.minutes(3))
        #expect(try await story.progress(id).row.status == .ended(.done))
    }

    @Test("What the inventory was not told is told after the restart")
    func meant() async throws {
        let story = try await RollStory(2)
        _ = try await story.release("new")
        let id = try await story.roll()
        let path = story.fixture.path + "/inventory.sqlite"
        func move(_ from: String, _ to: String) throws {
            for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix + from) {
                try? FileManager.default.removeItem(atPath: path + suffix + to)
                try FileManager.default.moveItem(atPath: path + suffix + from, toPath: path + suffix + to)
            }
        }
        try move("", ".away")
        _ = await story.fleet.inventory.check()
        _ = try await story.fleet.perform(.abort, on: id)
        #expect(story.fleet.snapshot.read { $0.meantReleases["web"] } == nil)
        story.fleet.inventory.close()
        try move(".away", "")
        try await story.restart()
        await story.fleet.rollouts.tick(now: story.now)
        await story.sweep()
        #expect(story.fleet.snapshot.read { $0.meantReleases["web"] } == 1)
        #expect(story.state(2).desired == story.old)
    }

    @Test("Who drove before another took over writes nothing any more")
    func fenced() async throws {
        let story = try await RollStory(2)
        let new = try await story.release("new")
        let id = try await story.roll()
        let first = story.fleet
        var lease = first.rollouts.rows.lease
        _ = lease.take("another")
        // The other one's own row, in the same ledger.
        try await first.ledger.commit([DriverDocument.lease.row(lease)])
        let before = first.rollouts.rows
        try await story.wait(.minutes(5))
        #expect(
            first.rollouts.rows.machines.count { $0.boot.assigned == new }
                == before.machines.count { $0.boot.assigned == new }
        )
        await #expect(throws: FleetError.self) { _ = try await first.perform(.abort, on: id) }
        #expect(first.rollouts.rows.rolls.map(\.status) == [.running])
        #expect(first.ledger.isHealthy, "boots and leases are written as ever")
    }
}
