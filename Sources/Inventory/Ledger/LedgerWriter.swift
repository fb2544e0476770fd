internal import GRDB

/// The state of the writing thread: the connection and the number of the last change.
struct LedgerWriter {
    let queue: DatabaseQueue
    let file: DatabaseFile
    let opened: DatabaseFile.Identity?
    var seq: Int64
    let configuration: LedgerStore.Configuration
    var rows: LedgerRowWriter?
    var rowsSincePruning = 0
    /// Something was written that is not in the database file itself yet.
    var hasLog = false

    /// One transaction, which counts once it is flushed; what went wrong, when it did.
    ///
    /// - Parameter fenced: the calls, by their place, whose lease is another's by now, and its epoch: nothing of them is
    ///   written.
    mutating func write(_ batch: [WriteQueue.Call], fenced: inout [Int: Int]) -> InventoryError? {
        var next = seq
        do {
            try file.check(still: opened)
            try queue.writeWithoutTransaction { db in
                let rows = try rows ?? LedgerRowWriter(db)
                self.rows = rows
                try db.inTransaction(.immediate) {
                    for (place, call) in batch.enumerated() {
                        if let epoch = call.epoch, let current = try LedgerSchema.leaseEpoch(db), current != epoch {
                            fenced[place] = current
                            continue
                        }
                        for row in call.rows {
                            next += 1
                            try rows.write(row, seq: next)
                        }
                    }
                    return .commit
                }
            }
        } catch {
            return file.explain(error, while: "write to")
        }
        rowsSincePruning += Int(next - seq)
        seq = next
        hasLog = true
        return nil
    }

    /// Copies the log into the database file, while nobody waits: in a commit, two more flushes of the disk would stand
    /// before its answers. That it cannot be done now is no failure of the ledger.
    /// - Returns: why it cannot; nil when it was done.
    mutating func checkpoint() -> InventoryError? {
        hasLog = false
        do {
            try queue.writeWithoutTransaction { db in _ = try db.checkpoint(.passive) }
            return nil
        } catch {
            return file.explain(error, while: "copy the write-ahead log into")
        }
    }

    /// Lets go of the connection's statements.
    mutating func end() { rows = nil }

    /// Old rows go in small steps between commits. That it cannot be done now is no failure of the ledger.
    /// - Returns: why it cannot; nil when it was done, or was not due.
    mutating func pruneIfDue() -> InventoryError? {
        guard rowsSincePruning >= configuration.retention.stride else { return nil }
        rowsSincePruning = 0
        do {
            try queue.write { [retention = configuration.retention, seq] db in try retention.prune(db, before: seq) }
            return nil
        } catch {
            return file.explain(error, while: "remove old rows from")
        }
    }
}
