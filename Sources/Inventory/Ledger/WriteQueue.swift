import Foundation

/// Calls that wait for the ledger's thread, in order. Many append, one takes.
///
/// `@unchecked`: everything that changes is guarded by `condition`.
final class WriteQueue: @unchecked Sendable {
    struct Call: Sendable {
        var rows: [LedgerRow]
        var done: @Sendable (Bool) -> Void
    }

    private let condition = NSCondition()
    private let capacity: Int
    private var calls: [Call] = []
    private var isClosed = false
    private var isFinished = false

    init(capacity: Int) { self.capacity = capacity }

    /// - Returns: false when the queue is full or closed; the call was not taken.
    func append(_ call: Call) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        guard !isClosed, calls.count < capacity else { return false }
        calls.append(call)
        if calls.count == 1 { condition.signal() }
        return true
    }

    /// Waits for calls and takes them, the oldest first, until they hold `limit` rows; nil once the queue is closed and
    /// empty.
    func takeAll(atMost limit: Int) -> [Call]? {
        condition.lock()
        defer { condition.unlock() }
        while calls.isEmpty {
            if isClosed { return nil }
            condition.wait()
        }
        var rows = 0
        let count = calls.firstIndex { call in
            defer { rows += call.rows.count }
            return rows >= limit
        }
        guard let count, count > 0 else {
            defer { calls.removeAll(keepingCapacity: true) }
            return calls
        }
        defer { calls.removeFirst(count) }
        return Array(calls[..<count])
    }

    /// Takes no more; what waits is still handed out.
    func close() {
        condition.lock()
        isClosed = true
        condition.broadcast()
        condition.unlock()
    }

    func finished() {
        condition.lock()
        isFinished = true
        condition.broadcast()
        condition.unlock()
    }

    func waitUntilFinished() {
        condition.lock()
        while !isFinished { condition.wait() }
        condition.unlock()
    }
}
