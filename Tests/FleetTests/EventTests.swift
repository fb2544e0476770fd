import Inventory
import PXE
import Rollout
import Testing
import Vocabulary

@testable import Fleet

/// Every kind of event that no other suite provokes.
@Suite("Events")
struct EventTests {
    /// Their kinds, oldest first.
    private func kinds(_ fixture: FleetFixture, about subject: String) async throws -> [String] {
        try await fixture.flush()
        return try await fixture.fleet.records.events(limit: 10_000).filter { $0.subject == subject }.map(\.kind)
    }

    @Test("Of what people do to machines")
    func people() async throws {
        let fixture = try await FleetFixture.make { $0.rescue = "rescue" }
        let fleet = fixture.fleet
        for name in ["web", "rescue"] { try fixture.image(name, name) }
        try await fixture.profile("web")
        fixture.network[peer(1)] = mac(1)
        let name = "m\(mac(1).description.replacing(":", with: ""))"
        _ = await fleet.ask(1)
        _ = try await fleet.accept([name], profile: "web")
        try await fleet.setState(.maintenance, of: [name])
        try await fleet.setState(.active, of: [name])
        let image = try #require(fleet.plan(of: name)?.desired)
        try await fleet.pin([name], to: image)
        #expect(try await fleet.unpin([name]) == [name])
        #expect(try await fleet.unpin([name]) == [], "which is no event")
        try await fleet.rescue([name], ends: false)
        try await fleet.reject([name])
        let said = try await kinds(fixture, about: name)
        let expected = [
            "machine.waiting", "machine.granted", "machine.accepted", "machine.set", "machine.set", "machine.pinned",
            "machine.unpinned", "machine.rescued", "machine.rejected",
        ]
        #expect(said == expected)
    }

    @Test("Of what the boot plane notes")
    func network() async throws {
        let fixture = try await FleetFixture.make()
        try fixture.image("web")
        try await fixture.profile("web")
        try await fixture.machine(1)
        let (authority, pool) = (fixture.fleet.authority, IPv4Network("10.0.0.0/24")!)
        for _ in 0..<2 {
            authority.observe(.rogueServer(peer(66), mac: mac(66), interface: "eth0"))
            authority.observe(.declined(peer(2), by: mac(2)))
            authority.observe(.poolExhausted(pool))
            authority.observe(.looping(mac(1), requestsPerMinute: 60))
            authority.observe(.notice(kind: "dhcp.leases.failed", message: "no space"))
        }
        #expect(try await kinds(fixture, about: "eth0") == ["dhcp.rogueServer"], "each once in a while")
        #expect(try await kinds(fixture, about: "\(mac(2))") == ["dhcp.declined"])
        #expect(try await kinds(fixture, about: "\(pool)") == ["dhcp.poolExhausted"])
        #expect(try await kinds(fixture, about: "n1").contains("boot.looping"))
        #expect(try await kinds(fixture, about: "").contains("dhcp.leases.failed"))
    }

    @Test("Of a roll that is drained, paused, held, tried again and aborted")
    func roll() async throws {
        let options = quick { options in
            options.canary.count = .count(1)
            options.drain = .init(hook: .command(["drain"]))
        }
        let story = try await RollStory(3, options: options)
        let new = try await story.release("new")
        story.bad = [new]
        let id = try await story.roll()
        try await story.wait(.minutes(30))
        #expect(try await story.hold(of: id)?.cause == .canaryFailed)
        story.bad = []
        _ = try await story.fleet.perform(.retry, on: id)
        _ = try await story.fleet.perform(.pause, on: id)
        try await story.wait(.minutes(1))
        _ = try await story.fleet.perform(.resume, on: id)
        try await story.wait(.minutes(2))
        let events = try await story.events()
        let said = Set(events.filter { $0.cause == id.description }.map(\.kind))
        let expected: Set = [
            "machine.granted", "roll.machine.draining", "roll.machine.rebooting", "boot.begun", "roll.machine.failed",
            "roll.held", "roll.machine.waiting", "roll.resumed", "roll.paused", "roll.machine.done", "roll.stage",
            "roll.ended",
        ]
        #expect(expected.subtracting(said) == [])
        #expect(events.contains { $0.kind == "roll.started" && $0.subject == "web" })
        let boots = Set(events.filter { $0.kind == "boot.begun" }.compactMap { $0.message.split(separator: " ")[3] })
        let fetched = events.filter { $0.kind == "boot.fetched" }.compactMap(\.cause)
        #expect(!fetched.isEmpty && fetched.allSatisfy { boots.contains($0[...]) }, "of granted boots alone")
    }

    @Test("Of stores that go and come back")
    func stores() async throws {
        let fixture = try await FleetFixture.make()
        let fleet = fixture.fleet
        try await fixture.withoutLedger {
            fleet.authority.write([EventKind.ledgerAvailable.row("", "lost", at: Moment.now().wall)])
            try? await fleet.ledger.commit([])
            #expect(fleet.status.ledgerFailure != nil)
        }
        fleet.keepLedger()
        try await fixture.withoutInventory {
            await fleet.keepInventory()
            #expect(fleet.status.inventoryFailure != nil)
        }
        await fleet.keepInventory()
        #expect(fleet.status.isHealthy)
        #expect(
            try await kinds(fixture, about: "")
                == ["ledger.available", "inventory.unavailable", "inventory.available"]
        )
    }
}
