internal import GRDB
import Vocabulary

/// The ledger's rows in the inventory: copied in order, and again after an outage.
extension InventoryStore {
    /// The last change of the ledger that is here.
    public func ledgerPosition() async throws -> Int64 {
        try await read { try InventorySchema.value(of: .ledger, $0) }
    }

    /// Takes changes over, and with them how far the copy has come, in one transaction. Those that are here already do
    /// nothing.
    public func absorb(_ changes: [LedgerChange]) async throws {
        guard !changes.isEmpty else { return }
        try await write { [retention] db in
            let before = try InventorySchema.value(of: .ledger, db)
            var position = before
            let rows = try LedgerRowWriter(db)
            for change in changes where change.seq > position {
                try rows.write(change.row, seq: change.seq)
                position = change.seq
            }
            try InventorySchema.set(.ledger, to: position, db)
            let stride = Int64(retention.stride)
            if before / stride != position / stride { try retention.prune(db, before: position) }
        }
    }

    /// Copies what the ledger has and the inventory has not, step by step.
    ///
    /// - Returns: how many changes were copied.
    @discardableResult
    public func catchUp(with ledger: LedgerReader, step: Int = 4096) async throws -> Int {
        var count = 0
        while true {
            let changes = try await ledger.changes(since: ledgerPosition(), limit: step)
            try await absorb(changes)
            count += changes.count
            if changes.count < step { return count }
        }
    }

    /// The copy's boots, the newest first: for a control plane that does not run beside the ledger.
    public func boots(machine: String? = nil, limit: Int = 1000) async throws -> [BootRecord] {
        let sql = "SELECT * FROM boot WHERE ?1 IS NULL OR machine = ?1 ORDER BY id DESC LIMIT ?2"
        return try await read { try all($0, sql, arguments: [machine, limit], BootRecord.init(row:)) }
    }
}
