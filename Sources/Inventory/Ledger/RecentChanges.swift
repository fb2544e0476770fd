import Synchronization

/// The changes that were committed last and that the copy in the inventory has not asked past: so that making the copy
/// reads nothing back. Bounded: a copy that is further behind reads the tables. Thread-safe by a mutex.
final class RecentChanges: Sendable {
    private struct Contents {
        /// Rows of one call each, with the number of the first.
        var calls: ArraySlice<(first: Int64, rows: [LedgerRow])> = []
        var count = 0
        /// All that came after this change is in `calls`.
        var start: Int64
        var position: Int64
    }

    private let contents: Mutex<Contents>
    private let limit: Int

    /// - Parameters:
    ///   - seq: the last change that is in the ledger already.
    ///   - limit: rows that are kept at most.
    init(after seq: Int64, limit: Int) {
        contents = Mutex(Contents(start: seq, position: seq))
        self.limit = limit
    }

    /// The number of the last change.
    var position: Int64 { contents.withLock { $0.position } }

    /// Takes over what was committed, numbered from the change after `seq` on.
    func append(_ calls: [WriteQueue.Call], after seq: Int64) {
        contents.withLock { contents in
            contents.position = seq
            for call in calls {
                contents.calls.append((contents.position + 1, call.rows))
                contents.position += Int64(call.rows.count)
                contents.count += call.rows.count
            }
            guard contents.count > limit else { return }
            contents.calls = []
            contents.count = 0
            contents.start = contents.position
        }
    }

    /// The changes after `seq`, at most `limit`; what is older is let go. nil when that is too far back.
    func changes(since seq: Int64, limit: Int) -> [LedgerChange]? {
        let calls: ArraySlice<(first: Int64, rows: [LedgerRow])>? = contents.withLock { contents in
            guard seq >= contents.start, seq <= contents.position else { return nil }
            let past = contents.calls.prefix { $0.first + Int64($0.rows.count) <= seq + 1 }
            contents.count -= past.reduce(0) { $0 + $1.rows.count }
            contents.start = past.last.map { $0.first + Int64($0.rows.count) - 1 } ?? contents.start
            // A slice that is only cut at its front never gives its memory back.
            contents.calls = past.isEmpty ? contents.calls : ArraySlice(Array(contents.calls.dropFirst(past.count)))
            return contents.calls
        }
        guard let calls else { return nil }
        var changes: [LedgerChange] = []
        for call in calls {
            for (index, row) in call.rows.enumerated() where call.first + Int64(index) > seq {
                if changes.count == limit { return changes }
                changes.append(LedgerChange(seq: call.first + Int64(index), row: row))
            }
        }
        return changes
    }
}
