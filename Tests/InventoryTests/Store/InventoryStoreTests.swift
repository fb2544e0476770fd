import Foundation
import Synchronization
import Testing
import Vocabulary

@testable import Inventory

/// A store, and a snapshot that is kept by nothing but its deltas.
private final class Observed: Sendable {
    let scratch: Scratch
    let store: InventoryStore
    let live: LiveSnapshot

    init(busyTimeout: Double = 5) throws {
        scratch = try Scratch()
        live = LiveSnapshot()
        let recorded = Recording<[InventoryDelta]>([])
        self.recorded = recorded
        store = try InventoryStore(path: scratch.file("inventory.sqlite"), busyTimeout: busyTimeout) { [live] delta in
            recorded.value.withLock { $0.append(delta) }
            live.apply(delta)
        }
    }

    private let recorded: Recording<[InventoryDelta]>
    var committed: [InventoryDelta] { recorded.value.withLock { $0 } }

    /// The snapshot by deltas is the one that the tables hold.
    func expectSame() async throws {
        let read = try await store.snapshot()
        #expect(comparable(live.read { copy $0 }) == comparable(read))
    }
}

/// A mutex that can be captured.
private final class Recording<Value: Sendable>: Sendable {
    let value: Mutex<Value>
    init(_ value: Value) { self.value = Mutex(value) }
}

private let fleet = """
    kind: Profile
    name: web
    image: base
    ---
    kind: Profile
    name: db
    image: base
    ---
    kind: Machine
    name: n1
    macs: [52:54:00:00:00:01, 52:54:00:00:01:01]
    address: 192.168.77.1
    labels: {role: web}
    ---
    kind: Machine
    name: n2
    macs: [52:54:00:00:00:02]
    profile: db
    ---
    kind: Assignment
    select: {labels: {role: web}}
    profile: web
    """

private func machine(_ rest: String) throws -> [Resource] { try resources("kind: Machine\n" + rest) }

@Suite struct InventoryStoreTests {
    @Test func aCommitAndItsDeltaAreTheSame() async throws {
        let observed = try Observed()
        let store = observed.store
        let diffs = try await store.apply(try resources(fleet))
        #expect(diffs.count == 5)
        #expect(diffs.allSatisfy { $0.action == .create })
        try await observed.expectSame()
        try await store.setState(.maintenance, of: ["n1", "n2"])
        try await store.assign("web", to: ["n2"])
        _ = try await store.release("web", images: [.amd64: .test(1)], at: .test(0))
        try await store.record([
            "n1": MachineFacts(serial: "x", lastSeen: .test(1)), "gone": MachineFacts(lastSeen: .test(1)),
        ])
        try await store.removeMachines(["n2"])
        try await observed.expectSame()
        #expect(observed.committed.map(\.sequence) == Array(1...6))
        #expect(observed.live.read { $0.machine(named: "n1")?.state } == .maintenance)
    }

    @Test func applyingTheSameAgainCommitsNothing() async throws {
        let observed = try Observed()
        try await observed.store.apply(try resources(fleet))
        let again = try await observed.store.apply(try resources(fleet))
        #expect(again.isEmpty)
        #expect(observed.committed.count == 1)
    }

    @Test func aDryRunSaysWhatItWouldDo() async throws {
        let observed = try Observed()
        try await observed.store.apply(try resources(fleet))
        let changed = fleet.replacingOccurrences(of: "role: web}\n---", with: "role: db, rack: r1}\n---")
        let diffs = try await observed.store.apply(try resources(changed), isDryRun: true)
        #expect(
            diffs.map(\.description) == [
                "~ Machine n1\n    + labels.rack: \"r1\"\n    ~ labels.role: \"web\" -> \"db\""
            ]
        )
        #expect(observed.committed.count == 1)
        #expect(try await observed.store.machine("n1")?.labels == ["role": "web"])
    }

    @Test func whatAFileLeavesOutStays() async throws {
        let observed = try Observed()
        let store = observed.store
        try await store.apply(try resources(fleet))
        try await store.assign("db", to: ["n1"])
        try await store.setState(.maintenance, of: ["n1"])
        try await store.updateMachines(["n1"]) { $0.pinnedImage = .test(4) }
        try await store.apply(try machine("name: n1\nmacs: [52:54:00:00:00:01]"))
        let kept = try await store.machine("n1")
        #expect(kept?.profile == "db")
        #expect(kept?.state == .maintenance)
        #expect(kept?.pinnedImage == .test(4))
        #expect(kept?.labels == [:])
        #expect(kept?.macs == [.test(1)])
        try await store.apply(try machine("name: n1\nmacs: [52:54:00:00:00:01]\nprofile: null\nstate: active"))
        #expect(try await store.machine("n1")?.profile == nil)
        #expect(try await store.machine("n1")?.state == .active)
        try await observed.expectSame()
    }

    static let conflicts: [(String, InventoryError.Code, String)] = [
        (
            "kind: Machine\nname: n3\nmacs: [52:54:00:00:01:01]", .conflict,
            "machine n3 claims MAC 52:54:00:00:01:01, which is machine n1's"
        ),
        (
            "kind: Machine\nname: n3\nmacs: [52:54:00:00:00:03]\naddress: 192.168.77.1", .conflict,
            "address 192.168.77.1"
        ),
        (
            "kind: Machine\nname: n3\nmacs: [52:54:00:00:00:03]\nprofile: nope", .invalidInput,
            "machine n3 names the profile 'nope'"
        ),
        ("kind: Assignment\nselect: {arch: arm64}\nprofile: nope", .invalidInput, "names the profile 'nope'"),
        ("kind: Assignment\nselect: {labels: {rack: r1}}\nprofile: db", .conflict, "a machine could be matched by"),
        (
            "kind: Assignment\nselect: {mac: '52:54:00:00:00:01'}\nprofile: db\n---\n"
                + "kind: Assignment\nselect: {mac: '52:54:00:00:01:01'}\nprofile: web",
            .conflict, "machine n1 is matched by"
        ),
    ]

    @Test("134: a conflict, as two machines with one MAC, refuses all of it", arguments: conflicts)
    func aConflictRefusesAllOfIt(_ text: String, _ expected: InventoryError.Code, _ message: String) async throws {
        let observed = try Observed()
        try await observed.store.apply(try resources(fleet))
        let added = try resources(text + "\n---\nkind: Profile\nname: extra\nimage: x")
        let error = await #expect(throws: InventoryError.self) { try await observed.store.apply(added) }
        #expect(error?.code == expected)
        #expect(error?.message.contains(message) == true, "\(String(describing: error))")
        #expect(observed.committed.count == 1)
        #expect(try await observed.store.profile("extra") == nil)
    }

    @Test func machinesSwapWhatOnlyOneMayHave() async throws {
        let observed = try Observed()
        try await observed.store.apply(
            try resources(
                "kind: Machine\nname: a\nmacs: [52:54:00:00:00:01]\naddress: 10.0.0.1\nserial: S1\n---\n"
                    + "kind: Machine\nname: b\nmacs: [52:54:00:00:00:02]\naddress: 10.0.0.2\nserial: S2"
            )
        )
        try await observed.store.apply(
            try resources(
                "kind: Machine\nname: a\nmacs: [52:54:00:00:00:02]\naddress: 10.0.0.2\nserial: S2\n---\n"
                    + "kind: Machine\nname: b\nmacs: [52:54:00:00:00:01]\naddress: 10.0.0.1\nserial: S1"
            )
        )
        #expect(try await observed.store.machine("a")?.macs == [.test(2)])
        #expect(try await observed.store.machine("b")?.serial == "S1")
        try await observed.expectSame()
    }

    @Test func anUnknownMachineIsAcceptedOrRejected() async throws {
        let observed = try Observed()
        let store = observed.store
        try await store.apply(try resources(fleet))
        let waiting = WaitingMachine(
            mac: .test(9),
            uuid: MachineUUID(high: 1, low: 2),
            serial: "S9",
            architecture: .arm64,
            firstSeen: .test(0),
            lastSeen: .test(1)
        )
        try await store.reject(waiting)
        #expect(observed.live.read { $0.machine(mac: .test(9))?.mayBoot } == false)
        let accepted = try await store.accept(waiting, profile: "web")
        #expect(accepted.name == "m525400000009")
        #expect(accepted.state == .active)
        #expect(accepted.architecture == .arm64)
        #expect(observed.live.read { $0.machine(mac: .test(9))?.profile } == "web")
        let other = WaitingMachine(mac: .test(10), firstSeen: .test(0), lastSeen: .test(1))
        #expect(await code { _ = try await store.accept(other, profile: "none") } == .invalidInput)
        #expect(await code { _ = try await store.accept(other, name: "a b") } == .invalidInput)
        _ = try await store.accept(other, name: "web1")
        try await observed.expectSame()
    }

    @Test func whatDoesNotExistIsNamed() async throws {
        let observed = try Observed()
        let store = observed.store
        defer { withExtendedLifetime(observed) {} }
        #expect(await code { try await store.setState(.retired, of: ["n9"]) } == .notFound)
        #expect(await code { try await store.removeMachines(["n9"]) } == .notFound)
        #expect(await code { try await store.removeProfile("p") } == .notFound)
        #expect(await code { _ = try await store.release("p", images: [.amd64: .test(1)], at: .test(0)) } == .notFound)
    }

    @Test func aProfileInUseStays() async throws {
        let observed = try Observed()
        let store = observed.store
        defer { withExtendedLifetime(observed) {} }
        try await store.apply(try resources(fleet))
        #expect(await code { try await store.removeProfile("db") } == .invalidInput)
        try await store.assign(nil, to: ["n2"])
        try await store.removeProfile("db")
        let left = try await store.profiles()
        #expect(left.map(\.name) == ["web"])
    }

    @Test func theSameImagesAreNoNewRelease() async throws {
        let observed = try Observed()
        let store = observed.store
        defer { withExtendedLifetime(observed) {} }
        try await store.apply(try resources(fleet))
        let first = try await store.release("web", images: [.amd64: .test(1)], at: .test(0))
        let again = try await store.release("web", images: [.amd64: .test(1)], at: .test(5))
        let second = try await store.release("web", images: [.amd64: .test(2), .arm64: .test(3)], at: .test(9))
        let numbers: [Int] = [first.number, again.number, second.number]
        #expect(numbers == [1, 1, 2])
        let kept: [Release] = try await store.releases(of: "web")
        #expect(kept == [first, second])
    }

    @Test func writersAtOnceAreObservedInOrder() async throws {
        let observed = try Observed()
        try await observed.store.apply(try resources(fleet))
        try await withThrowingTaskGroup { group in
            for index in 0..<50 {
                group.addTask {
                    let waiting = WaitingMachine(mac: .test(100 + index), firstSeen: .test(0), lastSeen: .test(0))
                    _ = try await observed.store.accept(waiting)
                }
            }
            try await group.waitForAll()
        }
        #expect(observed.committed.map(\.sequence) == Array(1...51))
        try await observed.expectSame()
    }

    @Test func aReopenedStoreHoldsWhatWasCommitted() async throws {
        let observed = try Observed()
        try await observed.store.apply(try resources(fleet))
        try observed.store.reopen()
        try await observed.expectSame()
        try await observed.store.checkIntegrity()
    }
}
