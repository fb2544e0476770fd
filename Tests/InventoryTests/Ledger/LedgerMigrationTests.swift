import GRDB
import Testing
import Vocabulary

@testable import Inventory

/// Data of the first version, opened by this one.
@Suite struct LedgerMigrationTests {
    private let index = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"
    private let kept = ["bootByMachine", "timelineByBoot"]

    private func insertFirst(_ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO boot (id, machine, mac, image, state, spentTry, opened, seq) VALUES (?, 'n1', 1, ?, 'open', 0, 5, 7)
                """,
            arguments: [BootID.test(1), Digest.test(1)]
        )
        try db.execute(sql: "INSERT INTO timeline VALUES (8, ?, 5, 'script', 'as before')", arguments: [BootID.test(1)])
    }

    @Test func aLedgerKeepsItsRowsAndLosesItsIndexes() async throws {
        let scratch = try Scratch()
        let path = scratch.file("ledger.sqlite")
        let old = try DatabaseQueue(path: path)
        try LedgerSchema.migrator.migrate(old, upTo: "1: leases, boots, machine states, waiting machines, events")
        try await old.write { try insertFirst($0) }
        try old.close()

        let ledger = try LedgerStore(path: path)
        #expect(try ledger.load().openBoots.map(\.id) == [.test(1)])
        #expect(ledger.position == 8)
        let reader = try ledger.reader()
        #expect(try await reader.timeline(of: .test(1)).map(\.detail) == ["as before"])
        #expect(try await reader.changes(since: 0).map(\.seq) == [7, 8])
        try await ledger.commit([.boot(boot(2))])
        #expect(try await reader.changes(since: 8).map(\.seq) == [9])
        ledger.close()
        let new = try DatabaseQueue(path: path)
        #expect(try await new.read { try String.fetchAll($0, sql: index) } == kept)
        try new.close()
    }

    @Test func anInventoryKeepsItsCopyOfTheLedger() async throws {
        let scratch = try Scratch()
        let path = scratch.file("inventory.sqlite")
        let old = try DatabaseQueue(path: path)
        let first = "1: machines, profiles, assignments, releases and the copy of the ledger"
        try InventorySchema.migrator.migrate(old, upTo: first)
        try await old.write { try insertFirst($0) }
        try old.close()

        let inventory = try InventoryStore(path: path)
        #expect(try await inventory.boots().map(\.id) == [.test(1)])
        try await inventory.absorb([LedgerChange(seq: 9, row: .boot(boot(2)))])
        #expect(try await inventory.boots(machine: "n2").map(\.id) == [.test(2)])
        inventory.close()
        let new = try DatabaseQueue(path: path)
        #expect(try await new.read { try String.fetchAll($0, sql: index) } == (kept + ["nicByMachine"]).sorted())
        try new.close()
    }
}
