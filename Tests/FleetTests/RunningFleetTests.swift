import Build
import Foundation
import Inventory
import PXE
import Testing
import Vocabulary

@testable import Fleet

/// What goes on beside requests, as the running server does it.
@Suite("A fleet that runs", .serialized)
struct RunningFleetTests {
    /// Runs the fleet for as long as `body` takes.
    private func running(_ body: (FleetFixture) async throws -> Void) async throws {
        let fixture = try await FleetFixture.make()
        try await fixture.profile("web")
        try await fixture.machine(1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await fixture.fleet.run() }
            defer { group.cancelAll() }
            try await body(fixture)
        }
    }

    /// Looks until `condition` holds, for 20 s at most.
    private func eventually(_ what: Comment, _ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < deadline {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record(what)
    }

    /// As `muster image import` does, which is another process.
    private func importElsewhere(_ fixture: FleetFixture, _ kernel: String) throws -> Digest {
        let path = "\(fixture.path)/elsewhere"
        try Data(kernel.utf8).write(to: URL(fileURLWithPath: path))
        let store = try ImageStore(dataDirectory: fixture.path)
        return try store.import(name: "web", kernel: path, initrds: [path]).digest
    }

    @Test("An image that is imported meanwhile ends the wait for it, makes a release, and the next makes another")
    func images() async throws {
        try await running { fixture in
            let fleet = fixture.fleet
            #expect(await fleet.ask(1).lines.contains("has nothing to boot"))
            let first = try importElsewhere(fixture, "first")
            try await eventually("the machine boots") { await fleet.ask(1).boot?.image == first }
            try await eventually("there is a release") {
                fleet.snapshot.read { $0.latestRelease(of: "web")?.images[.amd64] } == first
            }
            let second = try importElsewhere(fixture, "second")
            try await eventually("there is another") {
                fleet.snapshot.read { $0.latestRelease(of: "web")?.number } == 2
                    && fleet.standing(of: "n1")?.state.desired == second
            }
        }
    }

    @Test("What a machine says about itself is written down, and what the ledger has is handed on")
    func facts() async throws {
        try await running { fixture in
            let fleet = fixture.fleet
            _ = try importElsewhere(fixture, "first")
            let identity = MachineIdentity(mac: mac(1), serial: "SN-0815", architecture: .amd64)
            var boot: BootID?
            try await eventually("the machine boots") {
                boot = await fleet.ask(identity, from: peer(1)).boot?.boot
                return boot != nil
            }
            try await eventually("its serial is known") {
                fleet.snapshot.read { $0.machine(named: "n1")?.facts }?.serial == "SN-0815"
            }
            try await eventually("the inventory has its boot") {
                try await fleet.withInventory { try await $0.boots(machine: "n1") }.map(\.id) == [try #require(boot)]
            }
            try await eventually("the snapshot is on disk") {
                let kept = SnapshotKeeper(path: "\(fixture.path)/snapshot").snapshot
                return kept.read { $0.machine(named: "n1")?.facts }?.serial == "SN-0815"
            }
        }
    }
}
