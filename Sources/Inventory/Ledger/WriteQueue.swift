import Dispatch
import Synchronization

/// Calls that wait for the ledger's thread, in order. Many append, one takes. Thread-safe by a mutex; the one that
/// takes sleeps on a semaphore.
final class WriteQueue: Sendable {
    struct Call: Sendable {
        var rows: [LedgerRow]
        /// Of the lease with which its rows may be written; nil for rows that need none.
        var epoch: Int?
        var done: @Sendable (LedgerStore.Outcome) -> Void
    }

    fileprivate struct Contents {
        var calls: [Call] = []
        var isClosed = false
        /// The thread sleeps, or is about to: whoever changes something wakes it.
        var isAwaited = false
    }

    private let contents = Mutex(Contents())
    private let changed = DispatchSemaphore(value: 0)
    private let end = DispatchSemaphore(value: 0)
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    /// - Returns: false when the queue is full or closed; the call was not taken.
    func append(_ call: Call) -> Bool {
        let (isTaken, wakes) = contents.withLock { contents in
            guard !contents.isClosed, contents.calls.count < capacity else { return (false, false) }
            contents.calls.append(call)
            return (true, contents.takeAwaited())
        }
        if wakes { changed.signal() }
        return isTaken
    }

    /// Waits for calls and takes them, the oldest first, until they hold `limit` rows; nil once the queue is closed and
    /// empty.
    func takeAll(atMost limit: Int) -> [Call]? {
        while true {
            let taken: [Call]? = contents.withLock { contents in
                if contents.calls.isEmpty {
                    contents.isAwaited = !contents.isClosed
                    return contents.isClosed ? nil : []
                }
                return contents.take(atMost: limit)
            }
            guard let taken, taken.isEmpty else { return taken }
            changed.wait()
        }
    }

    /// Waits for a call or the end.
    ///
    /// - Returns: false when neither came for so many seconds.
    func waitForMore(seconds: Double) -> Bool {
        let isAwaited = contents.withLock { contents in
            contents.isAwaited = contents.calls.isEmpty && !contents.isClosed
            return contents.isAwaited
        }
        guard isAwaited else { return true }
        if changed.wait(timeout: .now() + seconds) == .success { return true }
        // Whoever took the mark meanwhile has signalled, or does so at once.
        let isMarked = contents.withLock { $0.takeAwaited() }
        if !isMarked { changed.wait() }
        return !isMarked
    }

    /// Takes no more; what waits is still handed out.
    func close() {
        let wakes = contents.withLock { contents in
            contents.isClosed = true
            return contents.takeAwaited()
        }
        if wakes { changed.signal() }
    }

    /// The thread takes no more. Passed on by each that waits for it.
    func finished() { end.signal() }

    func waitUntilFinished() {
        end.wait()
        end.signal()
    }
}

extension WriteQueue.Contents {
    fileprivate mutating func takeAwaited() -> Bool {
        defer { isAwaited = false }
        return isAwaited
    }

    fileprivate mutating func take(atMost limit: Int) -> [WriteQueue.Call] {
        var rows = 0
        let count = calls.firstIndex { call in
            defer { rows += call.rows.count }
            return rows >= limit
        }
        guard let count, count > 0 else {
            defer { calls = [] }
            return calls
        }
        defer { calls.removeFirst(count) }
        return Array(calls[..<count])
    }
}
