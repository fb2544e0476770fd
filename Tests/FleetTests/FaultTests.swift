import Foundation
import Inventory
import PXE
import Testing
import Vocabulary

@testable import Fleet

@Suite("When a database is away")
struct FaultTests {
    let fixture: FleetFixture
    let old: Digest
    var fleet: FleetService { fixture.fleet }

    /// Machine 1 was healthy on `old`, machine 2 never booted.
    init() async throws {
        fixture = try await FleetFixture.make()
        old = try fixture.image("web")
        try await fixture.profile("web")
        try await fixture.machine(1)
        try await fixture.machine(2)
        fixture.fetch(try #require(await fleet.ask(1).boot), number: 1)
        fleet.authority.book.healthDue(.now() + .seconds(301))
        try await fixture.flush()
    }

    private func breakLedger() throws {
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: fixture.path + "/ledger.sqlite" + suffix)
        }
    }

    @Test("Without the ledger, proven images boot, and nothing new does")
    func ledger() async throws {
        try breakLedger()
        #expect(await fleet.ask(1).boot?.image == old)
        #expect(await fleet.ask(2).lines.contains("ledger"))
        #expect(fleet.status.ledgerFailure != nil && !fleet.status.isHealthy)
    }

    @Test("A damaged ledger is left as it is, and the commands that put it aside are named")
    func damagedLedger() async throws {
        fleet.ledger.close()
        let path = fixture.path + "/ledger.sqlite"
        for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        let damage = Data(repeating: 0x5a, count: 8192)
        try damage.write(to: URL(fileURLWithPath: path))
        do {
            _ = try await fixture.restarted()
            Issue.record("it was opened")
        } catch let error as InventoryError {
            #expect(error.code == .corrupt)
            #expect(error.message.hasSuffix("mkdir \(fixture.path)/damaged && mv \(path)* \(fixture.path)/damaged/"))
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == damage)
    }

    @Test("Without the ledger, a machine that was granted a new image boots its last good one")
    func ledgerAndTrial() async throws {
        let new = try fixture.image("web", "newer")
        _ = try await fleet.assign("web", to: ["n1"], now: true)
        #expect(fleet.standing(of: "n1")?.state.assigned == new)
        try breakLedger()
        #expect(await fleet.ask(1).boot?.image == old)
    }

    @Test("Without the ledger, only the last good image is begun, whatever was looked up before")
    func beginUnwritten() async throws {
        let now = Moment.now()
        let other = try fixture.image("web", "newer")
        fixture.discover(1)
        let (machine, identity) = (Machine(name: "n1", nics: [.init(mac: mac(1))]), MachineIdentity(mac: mac(1)))
        let plan = fleet.planner.plan(for: machine, identity: identity, address: peer(1))
        let ask = ScriptAsk(machine: "n1", mac: mac(1), identity: identity, plan: plan, now: now)
        let book = fleet.authority.book
        func begin(_ image: Digest) throws -> BootAnswer? {
            let ready = try fleet.authority.shelf.image(image, now: now)
            return book.beginUnwritten(ask, image: ready, commandLine: "")
        }
        #expect(try begin(other) == nil)
        #expect(try begin(old)?.boot?.image == old)
        #expect(try begin(old) == nil, "a boot is open")
    }

    @Test("Without the ledger, nothing is granted")
    func grants() async throws {
        try fixture.image("web", "newer")
        try breakLedger()
        await #expect(throws: (any Error).self) { try await fleet.assign("web", to: ["n1"], now: true) }
        #expect(fleet.standing(of: "n1")?.state.assigned == old)
    }

    @Test("Without the ledger, no lease is given")
    func leases() async throws {
        try breakLedger()
        let now = Moment.now()
        let lease = Lease(address: peer(9), mac: mac(9), expiry: now.wall + .seconds(3600))
        let written = await withCheckedContinuation { done in
            fleet.authority.commit([lease]) { done.resume(returning: $0) }
        }
        #expect(!written)
        #expect(fleet.authority.addresses.mac(of: peer(9), now: now) == nil, "nor does it prove whose an address is")
    }

    @Test("With the inventory deleted, machines boot, and people are told")
    func inventory() async throws {
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: fixture.path + "/inventory.sqlite" + suffix)
        }
        #expect(await fleet.inventory.check() == false)
        #expect(fleet.status.inventoryFailure?.contains("inventory.sqlite") == true)
        #expect(await fleet.ask(1).boot?.image == old)
        await #expect(throws: (any Error).self) { try await fleet.setState(.retired, of: ["n1"]) }
        #expect(!FileManager.default.fileExists(atPath: fixture.path + "/inventory.sqlite"))
    }

    @Test("A restart without the inventory serves from the snapshot file, with all that changed since it was made")
    func snapshotFile() async throws {
        await fleet.keepSnapshot()
        try await fleet.setState(.retired, of: ["n2"])
        await fleet.keepSnapshot()
        try await fleet.setState(.maintenance, of: ["n2"])
        await fleet.keepSnapshot()
        fleet.inventory.close()
        try Data("not a database".utf8).write(to: URL(fileURLWithPath: fixture.path + "/inventory.sqlite"))
        for suffix in ["-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: fixture.path + "/inventory.sqlite" + suffix)
        }
        let again = try await fixture.restarted()
        defer { again.ledger.close() }
        #expect(again.status.inventoryFailure != nil && again.status.machines == 2)
        #expect(await again.ask(1).boot?.image == old)
        #expect(await again.ask(2).boot?.image == old)
        #expect(again.snapshot.read { $0.machine(named: "n2") }?.state == .maintenance)
    }
}

@Suite("What people do to machines")
struct OperationTests {
    @Test("Without a roll a healthy machine keeps its image; --now grants the new one")
    func assigning() async throws {
        let fixture = try await FleetFixture.make()
        let old = try fixture.image("web")
        try await fixture.profile("web")
        try await fixture.machine(1)
        let fleet = fixture.fleet
        fixture.fetch(try #require(await fleet.ask(1).boot), number: 1)
        fleet.authority.book.healthDue(.now() + .seconds(301))
        let new = try fixture.image("db", "other")
        try await fixture.profile("db")
        let staged = try await fleet.assign("db", to: ["n1"])
        #expect(staged.staged == ["n1"])
        #expect(staged.summary == ["1 machine keeps web@\(old.short) until `muster roll db`"])
        #expect(await fleet.ask(1).boot?.image == old)
        let granted = try await fleet.assign("db", to: ["n1"], now: true)
        #expect(granted.granted == ["n1"])
        #expect(await fleet.ask(1).boot?.image == new)
        let why = try await fleet.explain("n1")
        #expect(why.standing.state.lastGood == old && why.standing.state.assigned == new)
        #expect(why.assignment.profile == "db" && !why.timeline.isEmpty)
        guard case .image(new, _, _) = why.answer else {
            Issue.record("\(why.answer)")
            return
        }
    }

    @Test("Applying says who gets what, and who keeps what until when")
    func applying() async throws {
        let fixture = try await FleetFixture.make()
        let (old, new) = (try fixture.image("web"), try fixture.image("db", "other"))
        let fleet = fixture.fleet
        func apply(_ image: String, adopt: Profile.Adoption = .roll, isDryRun: Bool = false) async throws -> [String] {
            let profile = Profile(name: "web", image: .reference(image), adopt: adopt)
            return try await fleet.apply([.profile(profile)], isDryRun: isDryRun).notes
        }
        #expect(try await apply("none").isEmpty, "there are no machines yet")
        try await fixture.machine(1)
        try await fixture.machine(2)
        _ = try await fleet.assign("web", to: ["n1", "n2"])
        #expect(try await apply("web") == ["2 machines get web@\(old.short) when they boot next"])
        await fixture.sweep()
        fixture.fetch(try #require(await fleet.ask(1).boot), number: 1)
        fleet.authority.book.healthDue(.now() + .seconds(301))
        #expect(try await apply("db", isDryRun: true).isEmpty)
        #expect(
            try await apply("db") == [
                "1 machine gets web@\(new.short) when it boots next",
                "1 machine keeps web@\(old.short) until `muster roll web`",
            ]
        )
        #expect(try await apply("db", adopt: .nextBoot).isEmpty, "nobody is meant to have something else")
    }

    @Test("Applying machines alone tells these machines, and nobody else, what they are meant to have")
    func applyingMachines() async throws {
        let fixture = try await FleetFixture.make()
        let (web, db) = (try fixture.image("web"), try fixture.image("db", "other"))
        let fleet = fixture.fleet
        for name in ["web", "db"] { try await fixture.profile(name) }
        func machine(_ number: UInt8, _ profile: String) -> Resource {
            .machine(
                MachineResource(machine: Machine(name: "n\(number)", nics: [.init(mac: mac(number))], profile: profile))
            )
        }
        let first = try await fleet.apply([machine(1, "web"), machine(2, "web")])
        #expect(first.notes == ["2 machines get web@\(web.short) when they boot next"])
        let second = try await fleet.apply([machine(1, "web"), machine(2, "db")])
        #expect(second.differences.map(\.description) == ["~ Machine n2\n    ~ profile: \"web\" -> \"db\""])
        #expect(second.notes == ["1 machine gets db@\(db.short) when it boots next"])
        #expect(fleet.standing(of: "n1")?.state.desired == web)
        #expect(fleet.standing(of: "n2")?.state.desired == db)
        // With a profile among the resources, machines that are not among them are told as well.
        let profile = Profile(name: "web", image: .reference("db"))
        let third = try await fleet.apply([.profile(profile), machine(2, "db"), machine(3, "web")])
        #expect(third.notes == ["2 machines get web@\(db.short) when they boot next"])
        #expect(fleet.standing(of: "n1")?.state.desired == db)
    }

    @Test("A profile whose name means another image has another release")
    func releases() async throws {
        let fixture = try await FleetFixture.make()
        let first = try fixture.image("web")
        try await fixture.profile("web")
        let second = try fixture.image("web", "newer")
        await fixture.fleet.sweep(.everything)
        let releases = try await fixture.fleet.withInventory { try await $0.releases(of: "web") }
        #expect(releases.map { $0.images[.amd64] } == [first, second] && releases.map(\.number) == [1, 2])
    }

    @Test("A removed machine is unknown again, and its boot is over")
    func removal() async throws {
        let fixture = try await FleetFixture.make()
        try fixture.image("web")
        try await fixture.profile("web")
        try await fixture.machine(1)
        #expect(await fixture.fleet.ask(1).boot != nil)
        try await fixture.fleet.withInventory { try await $0.removeMachines(["n1"]) }
        #expect(try await fixture.boots(1).first?.state == .closed)
        #expect(await fixture.fleet.ask(1).lines.contains("not known yet"))
    }
}
