import Foundation
import Inventory
import Rollout
import Testing
import Vocabulary

@testable import Fleet

@Suite("A roll moves machines")
struct RollTests {
    @Test("A good image goes to all, one at a time, and everything that happened is one chain")
    func good() async throws {
        let story = try await RollStory(4)
        let new = try await story.release("new")
        let preview = try await story.fleet.preview(RollAsk(profile: "web"))
        #expect(preview.plan.members == 4 && preview.from == [story.old: 4] && preview.target.images[.amd64] == new)
        let id = try await story.roll()
        #expect(story.unavailable == 1, "one has its turn")
        #expect((1...4).count { story.state($0).assigned == new } == 1)
        try await story.wait(.minutes(3))
        let progress = try await story.progress(id)
        #expect(progress.row.status == .ended(.done) && progress.counts == [.done: 4] && progress.ended != nil)
        #expect((1...4).allSatisfy { story.state($0).lastGood == new && story.state($0).phase == .steady })
        #expect(story.hands.log.withLock { $0.all } == ["reboot n1", "reboot n2", "reboot n3", "reboot n4"])

        let events = try await story.events()
        func causes(_ kind: String) -> [String?] {
            events.filter { $0.kind == kind && $0.subject == "n1" }.map(\.cause)
        }
        #expect(causes("machine.granted") == [nil, "roll 1"], "its first image was granted by nobody")
        #expect(causes("roll.machine.rebooting") == ["roll 1"] && causes("boot.begun") == ["roll 1"])
        let boot = try await story.fleet.records.boots(machine: "n1", limit: 1).first
        #expect(boot?.cause == "roll 1" && causes("boot.healthy").last == boot?.id.rawValue)
        #expect(causes("roll.machine.done") == ["roll 1"])
        #expect(events.contains { $0.kind == "roll.started" } && events.contains { $0.kind == "roll.ended" })
    }

    @Test("A bad image touches the canary alone, which is back on its last good by itself, and the roll is held")
    func bad() async throws {
        let story = try await RollStory(6, options: quick { $0.canary.count = .count(1) })
        let new = try await story.release("new")
        story.bad = [new]
        let id = try await story.roll()
        try await story.wait(.minutes(30))
        guard case .held(let hold) = try await story.progress(id).row.status else {
            Issue.record("\(try await story.progress(id).row.status)")
            return
        }
        #expect(hold.cause == .canaryFailed)
        #expect(Set(story.booted.filter { $0.image == new }.map(\.machine)) == [1])
        #expect((1...6).allSatisfy { story.state($0).lastGood == story.old && story.state($0).running == story.old })
        #expect(try await story.events().contains { $0.kind == "alarm.held.raised" })
        story.crash(1)
        #expect(story.state(1).assigned == new && story.state(1).running == nil)
        #expect(story.fleet.nextImage(of: "n1") == story.old && story.fleet.nextImage(of: "n2") == story.old)
        #expect(story.fleet.nextImage(of: "n7") == nil)
        try await story.boot(1)
        await #expect(throws: FleetError.self) { _ = try await story.fleet.perform(.resume, on: id) }

        // Aborted, nothing of it is left: nor is the alarm.
        _ = try await story.fleet.perform(.abort, on: id)
        try await story.wait(.minutes(1))
        #expect(story.fleet.rollouts.rows.alarms.isEmpty)
        #expect(try await story.events().contains { $0.kind == "alarm.held.cleared" })
    }

    @Test("An image that dies after it was healthy is caught while the stage bakes")
    func late() async throws {
        let story = try await RollStory(4, options: quick { ($0.canary.count, $0.bake) = (.count(1), .minutes(10)) })
        let new = try await story.release("new")
        let id = try await story.roll()
        try await story.wait(.minutes(1))
        #expect(story.phases == [.done, .waiting, .waiting, .waiting])
        #expect(try await story.progress(id).waiting.map(\.cause) == [.bake])
        // It comes back, and is not healthy on it any more.
        story.bad = [new]
        try await story.bootOnce(1)
        try await story.bootOnce(1)
        try await story.wait(.minutes(1))
        guard case .held(let hold) = try await story.progress(id).row.status else {
            Issue.record("it was not caught")
            return
        }
        #expect(hold.cause == .canaryFailed && story.part(1)?.phase == .failed)
        #expect(story.state(1).assigned == story.old, "its own last good is of no use")
        try await story.boot(1)
        #expect(story.state(1).running == story.old)
        #expect(Set(story.booted.filter { $0.image == new }.map(\.machine)) == [1])
    }

    @Test("Aborting resets what the profile is meant to have: a machine that comes later gets the old release")
    func abort() async throws {
        let story = try await RollStory(3)
        let new = try await story.release("new")
        let id = try await story.roll()
        #expect(story.fleet.snapshot.read { $0.meantReleases["web"] } == nil, "the newest is meant anyway")
        _ = try await story.fleet.perform(.abort, on: id)
        await story.sweep()
        #expect(story.fleet.snapshot.read { $0.meantReleases["web"] } == 1)
        try await story.wait(.minutes(2))
        #expect(story.state(2).desired == story.old && story.state(3).desired == story.old)
        #expect(try await story.progress(id).row.status == .ended(.aborted))
        let preview = try await story.fleet.preview(RollAsk(profile: "web"))
        #expect(preview.target.number == 1, "nobody takes the bad release up again by not naming it")
        try await story.add(9)
        try await story.boot(9)
        #expect(story.state(9).running == story.old)
        // What is released next is meant again.
        let newest = try await story.release("newest")
        #expect(story.fleet.snapshot.read { $0.meantReleases["web"] } == nil)
        #expect(story.state(3).desired == newest && newest != new)
    }

    @Test("Aborted when as many come from one release as from another, the newer of the two is meant")
    func abortInBetween() async throws {
        let story = try await RollStory(2)
        _ = try await story.release("new")
        _ = try await story.roll { $0.only = ["n2"] }
        try await story.wait(.minutes(2))
        _ = try await story.release("newest")
        let id = try await story.roll()
        _ = try await story.fleet.perform(.abort, on: id)
        await story.sweep()
        #expect(story.fleet.snapshot.read { $0.meantReleases["web"] } == 2)
    }

    @Test("What was imported a moment ago is what a roll goes to, whether anything had looked at it or not")
    func imported() async throws {
        let story = try await RollStory(2)
        let new = try story.fixture.image("web", "new")
        let preview = try await story.fleet.preview(RollAsk(profile: "web"))
        #expect(preview.target.number == 2 && preview.plan.stages.joined().count == 2)
        let newest = try story.fixture.image("web", "newest")
        let id = try await story.roll()
        #expect(try await story.progress(id).release == 3)
        try await story.boot(1)
        #expect(story.state(1).running == newest && newest != new)
    }

    @Test("Rolling to an older release means it for those that come later")
    func older() async throws {
        let story = try await RollStory(2)
        _ = try await story.release("new")
        _ = try await story.roll()
        try await story.wait(.minutes(2))
        let back = try await story.roll { $0.release = 1 }
        try await story.wait(.minutes(2))
        #expect(try await story.progress(back).release == 1)
        #expect(story.state(1).running == story.old && story.state(2).running == story.old)
        try await story.add(9)
        try await story.boot(9)
        #expect(story.state(9).running == story.old)
    }

    @Test("A rollback takes the newest back first")
    func rollback() async throws {
        let story = try await RollStory(4, options: quick { $0.waves = [.count(3), .percent(100)] })
        story.hands.log.withLock { $0.gate = .fail("error rate") }
        var options = quick { $0.waves = [.count(3), .percent(100)] }
        options.gates = [.http(url: "http://localhost/go")]
        let new = try await story.release("new")
        let id = try await story.roll { [options] in $0.options = options }
        try await story.wait(.minutes(4))
        guard case .held(let hold) = try await story.progress(id).row.status else {
            Issue.record("the gate failed")
            return
        }
        #expect(hold.cause == .gateFailed && story.phases == [.done, .done, .done, .waiting])
        let before = story.booted.count
        let back = try await story.fleet.perform(.rollback, on: id)
        #expect(back.row.kind == .rollback(of: id) && back.release == 1)
        try await story.wait(.minutes(4))
        #expect(try await story.progress(back.row.id).row.status == .ended(.done))
        #expect(story.booted[before...].map(\.machine) == [3, 2, 1])
        #expect((1...4).allSatisfy { story.state($0).running == story.old && story.state($0).desired == story.old })
        await story.sweep()
        #expect(story.fleet.snapshot.read { $0.meantReleases["web"] } == 1 && new != story.old)
        let list = try await story.fleet.rolls(limit: 10)
        #expect(list.map(\.row.id) == [back.row.id, id] && list[1].counts[.done] == 3)
    }

    @Test("A frozen fleet grants nothing, and goes on when it is thawed")
    func frozen() async throws {
        let story = try await RollStory(3)
        _ = try await story.release("new")
        try await story.fleet.freeze("maintenance of the core switch")
        await #expect(throws: FleetError.self) { _ = try await story.roll() }
        #expect(story.fleet.refusalToTakeDown(["n1"])?.contains("core switch") == true)
        try await story.fleet.thaw()
        let id = try await story.roll()
        try await story.fleet.freeze("again")
        let granted = story.phases
        try await story.wait(.minutes(5))
        #expect(story.phases == granted && story.hands.log.withLock { $0.all.isEmpty })
        #expect(try await story.progress(id).waiting.map(\.cause).contains(.frozen))
        try await story.fleet.thaw()
        try await story.wait(.minutes(3))
        #expect(try await story.progress(id).row.status == .ended(.done))
    }

    @Test("While the inventory is away nothing is granted; machines boot, and the roll goes on afterwards")
    func inventoryAway() async throws {
        let story = try await RollStory(3)
        let new = try await story.release("new")
        let id = try await story.roll()
        let path = story.fixture.path + "/inventory.sqlite"
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.moveItem(atPath: path + suffix, toPath: path + suffix + ".away")
        }
        _ = await story.fleet.inventory.check()
        #expect(story.fleet.status.inventoryFailure != nil)
        let granted = (1...3).count { story.state(UInt8($0)).assigned == new }
        try await story.wait(.minutes(5))
        #expect((1...3).count { story.state(UInt8($0)).assigned == new } == granted && granted == 1)
        #expect(try await story.progress(id).waiting.first?.cause == .away)
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix + ".away") {
            try? FileManager.default.removeItem(atPath: path + suffix)
            try FileManager.default.moveItem(atPath: path + suffix + ".away", toPath: path + suffix)
        }
        _ = await story.fleet.inventory.check()
        #expect(story.fleet.status.inventoryFailure == nil)
        try await story.wait(.minutes(4))
        #expect(try await story.progress(id).row.status == .ended(.done))
    }

    @Test("Without the ledger nothing is granted")
    func ledgerAway() async throws {
        let story = try await RollStory(2)
        _ = try await story.release("new")
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: story.fixture.path + "/ledger.sqlite" + suffix)
        }
        await #expect(throws: (any Error).self) { _ = try await story.roll() }
        #expect((1...2).allSatisfy { story.state($0).assigned == story.old && story.part($0) == nil })
        await #expect(throws: (any Error).self) { try await story.fleet.freeze("no") }
        #expect(story.fleet.freeze == nil)
    }

    @Test("Two rolls share the server's ceiling")
    func ceiling() async throws {
        let story = try await RollStory(4, options: quick { $0.maxUnavailable = .count(4) }) {
            $0.ceilings.maxUnavailable = .count(2)
        }
        _ = try story.fixture.image("db", "db old")
        try await story.apply(quick { $0.maxUnavailable = .count(2) }, name: "db")
        for number in UInt8(11)...12 {
            try await story.add(number, profile: "db")
            try await story.boot(number)
        }
        _ = try await story.release("new")
        _ = try await story.release("db new", of: "db")
        let first = try await story.roll()
        let second = try await story.roll { $0.profile = "db" }
        #expect(story.unavailable == 2)
        #expect(try await story.progress(second).waiting.first?.description.contains("the server's ceiling") == true)
        for _ in 0..<20 {
            try await story.wait(.seconds(30))
            #expect(story.unavailable <= 2)
        }
        #expect(try await story.progress(first).row.status == .ended(.done))
        #expect(try await story.progress(second).row.status == .ended(.done))
    }

    @Test("reboot: none grants within the budget, and waits for the machines' own reboots")
    func natural() async throws {
        let story = try await RollStory(3, options: quick { ($0.reboot, $0.maxUnavailable) = (.none, .count(1)) })
        let new = try await story.release("new")
        let id = try await story.roll()
        try await story.wait(.minutes(60))
        #expect(story.hands.log.withLock { $0.all.isEmpty } && story.phases == [.granted, .waiting, .waiting])
        for number in UInt8(1)...3 {
            try await story.boot(number)
            try await story.wait(.seconds(30))
        }
        #expect(story.booted.suffix(3).allSatisfy { $0.image == new })
        #expect(try await story.progress(id).row.status == .ended(.done))
    }

    @Test("A machine is drained before its reboot, and told of when it is back")
    func drained() async throws {
        let story = try await RollStory(1, options: quick { $0.drain = .init(hook: .command(["drain"])) })
        _ = try await story.release("new")
        _ = try await story.roll()
        try await story.wait(.minutes(1))
        #expect(story.hands.log.withLock { $0.all } == ["drain n1", "reboot n1", "undrain n1"])
    }

    @Test("What is asked for and cannot be is refused in words")
    func refusals() async throws {
        let story = try await RollStory(2)
        func code(_ ask: RollAsk) async -> FleetError.Code? {
            do {
                _ = try await story.fleet.roll(ask)
                return nil
            } catch {
                return (error as? FleetError)?.code
            }
        }
        #expect(await code(RollAsk(profile: "web")) == .refused, "everybody has it")
        #expect(await code(RollAsk(profile: "none")) == .notFound)
        #expect(await code(RollAsk(profile: "web", release: 7)) == .notFound)
        #expect(await code(RollAsk(profile: "web", only: ["n7"])) == .notFound)
        await #expect(throws: FleetError.self) { _ = try await story.fleet.progress(of: RollID(rawValue: 7)) }
        _ = try await story.release("new")
        _ = try await story.roll()
        #expect(await code(RollAsk(profile: "web")) == .refused, "a roll is open")
        #expect(story.fleet.refusalToTakeDown(["n2"])?.contains("web has 1 of 1 unavailable") == true)
        #expect(story.fleet.refusalToTakeDown(["n1"]) == nil, "it has its turn already")
    }
}
