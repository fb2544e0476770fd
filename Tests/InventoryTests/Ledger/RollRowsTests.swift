import Foundation
import Testing
import Vocabulary

@testable import Inventory

/// What the rollout driver keeps in the ledger.
@Suite struct RollRowsTests {
    let scratch: Scratch
    var path: String { scratch.file("ledger.sqlite") }

    init() throws { scratch = try Scratch() }

    private func lease(_ epoch: Int) -> LedgerRow { .driver(name: "lease", document: "{\"epoch\":\(epoch)}") }

    private func commit(_ rows: [LedgerRow], epoch: Int, to ledger: LedgerStore) async -> LedgerStore.Outcome {
        await withCheckedContinuation { done in ledger.commit(rows, epoch: epoch) { done.resume(returning: $0) } }
    }

    @Test func whatWasWrittenIsThereAfterARestartAndInTheCopy() async throws {
        let ledger = try LedgerStore(path: path)
        let rows: [LedgerRow] = [
            lease(1), .driver(name: "freeze", document: "null"),
            .roll(RollRecord(id: 1, document: "a", ended: .test(1))),
            .roll(RollRecord(id: 2, document: "b")),
            .rollMember(RollMemberRecord(roll: 1, machine: "n1", document: "old")),
            .rollMember(RollMemberRecord(roll: 2, machine: "n1", document: "new")),
            .rollMember(RollMemberRecord(roll: 1, machine: "n2", document: "only")),
            .machineHealth(machine: "n1", document: "well"),
        ]
        #expect(await commit(rows, epoch: 1, to: ledger) == .written)
        let inventory = try InventoryStore(path: scratch.file("inventory.sqlite"))
        #expect(try await inventory.catchUp(with: ledger.reader()) == rows.count)
        inventory.close()
        ledger.close()

        let again = try LedgerStore(path: path)
        let state = try again.load()
        #expect(state.rolls == [RollRecord(id: 1, document: "a", ended: .test(1)), RollRecord(id: 2, document: "b")])
        #expect(
            Set(state.rollMembers) == [
                RollMemberRecord(roll: 2, machine: "n1", document: "new"),
                RollMemberRecord(roll: 1, machine: "n2", document: "only"),
            ],
            "each machine's latest"
        )
        #expect(state.machineHealth == ["n1": "well"] && state.driver["freeze"] == "null")
        let reader = try again.reader()
        #expect(try await reader.rolls(limit: 1).map(\.id) == [2])
        #expect(try await reader.roll(1)?.document == "a")
        #expect(try await Set(reader.rollMembers(of: 1).map(\.machine)) == ["n1", "n2"])
        #expect(try await reader.changes(since: 0).map(\.row) == rows, "from the tables")
        again.close()
    }

    @Test func ofTwoDriversTheOneWithTheOldLeaseWritesNothing() async throws {
        let first = try LedgerStore(path: path)
        let second = try LedgerStore(path: path)
        func roll(_ document: String) -> [LedgerRow] { [.roll(RollRecord(id: 1, document: document))] }
        #expect(await commit([lease(1)] + roll("first"), epoch: 1, to: first) == .written, "nobody had it before")
        try await second.commit([lease(2)])
        #expect(await commit(roll("stale"), epoch: 1, to: first) == .fenced(current: 2))
        #expect(first.isHealthy && first.failure == nil)
        #expect(try first.load().rolls.map(\.document) == ["first"])
        #expect(await commit(roll("second"), epoch: 2, to: second) == .written)
        #expect(try first.load().rolls.map(\.document) == ["second"])
        // What needs no lease is written as ever, in the same batch too.
        let event = LedgerRow.event(EventRecord(time: .test(0), kind: "k", message: "m"))
        async let fenced = commit(roll("stale"), epoch: 1, to: first)
        try await first.commit([event])
        #expect(await fenced == .fenced(current: 2))
        first.close()
        second.close()
    }

    @Test func aFencedCallCountsForNothingInTheCopy() async throws {
        let ledger = try LedgerStore(path: path)
        try await ledger.commit([lease(2)])
        let position = ledger.position
        #expect(await commit([lease(1), lease(1)], epoch: 1, to: ledger) == .fenced(current: 2))
        #expect(ledger.position == position)
        try await ledger.commit([.machineHealth(machine: "n1", document: "d")])
        #expect(try await ledger.reader().changes(since: position).map(\.seq) == [position + 1])
        ledger.close()
    }

    @Test func oldRollsGoWithTheirParts() async throws {
        var configuration = LedgerStore.Configuration()
        configuration.retention.rolls = 2
        configuration.retention.stride = 1
        let ledger = try LedgerStore(path: path, configuration: configuration)
        try await ledger.commit([.roll(RollRecord(id: 1, document: "open"))])
        for id in 2..<12 {
            try await ledger.commit([
                .roll(RollRecord(id: id, document: "d", ended: .test(1))),
                .rollMember(RollMemberRecord(roll: id, machine: "n1", document: "d")),
            ])
        }
        try await ledger.commit([.event(EventRecord(time: .test(0), kind: "k", message: "m"))])
        ledger.close()
        let again = try LedgerStore(path: path)
        #expect(try again.load().rolls.map(\.id) == [1, 10, 11])
        #expect(try await again.reader().rollMembers(of: 5).isEmpty)
        #expect(try await again.reader().rollMembers(of: 10).count == 1)
        again.close()
    }

    @Test func whatAProfileIsMeantToHaveIsKeptUntilSomethingNewIsReleased() async throws {
        let store = try InventoryStore(path: scratch.file("inventory.sqlite"))
        try await store.apply(resources("kind: Profile\nname: web\nimage: web"))
        for number in UInt8(1)...2 { try await store.release("web", images: [.amd64: .test(number)], at: .test(0)) }
        try await store.mean(1, for: "web")
        let sequence = try await store.sequence()
        try await store.mean(1, for: "web")
        #expect(try await store.sequence() == sequence, "nothing changed")
        #expect(try await store.snapshot().meantRelease(of: "web")?.number == 1)
        try await store.apply(resources("kind: Profile\nname: web\nimage: web\nkernelArgs: [quiet]"))
        #expect(try await store.snapshot().meantReleases == ["web": 1], "whatever people write")
        let use = try ImagesInUse.digests(dataDirectory: scratch.path, releases: 1)
        #expect(use.contains(.test(1)))
        #expect(await code { try await store.mean(7, for: "web") } == .notFound)
        #expect(await code { try await store.mean(nil, for: "db") } == .notFound)

        let file = SnapshotFile(path: scratch.file("snapshot"))
        _ = try file.replace(with: try await store.snapshot().contents)
        #expect(try file.load().snapshot.meantReleases == ["web": 1])
        try await store.release("web", images: [.amd64: .test(3)], at: .test(0))
        #expect(try await store.snapshot().meantRelease(of: "web")?.number == 3)
        store.close()
    }
}
