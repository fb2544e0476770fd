import Synchronization

/// One unpacking that any number of people wait for: tasks, which may leave, and threads.
///
/// Whoever comes first starts it, on their own thread or on a queue's; when the last one has left it is abandoned, and
/// whoever comes then begins another. Safe from any thread; its lock is held for moments.
final class Unpacking: Sendable {
    typealias Outcome = Result<LayerUnpacker.Unpacked, any Error>

    /// Somebody who waits.
    private enum Waiter {
        /// Has not said yet how to tell them.
        case reserved
        /// Left before they could say.
        case left
        case waiting(@Sendable (Outcome) -> Void)
    }

    private struct State {
        var isStarted = false
        var isAbandoned = false
        var outcome: Outcome?
        var waiters: [Int: Waiter] = [:]
        var nextTicket = 0
    }

    private let state = Mutex(State())

    /// A place among those who wait; nil when it was abandoned.
    func join() -> Int? {
        state.withLock { state in
            guard !state.isAbandoned else { return nil }
            state.nextTicket += 1
            state.waiters[state.nextTicket] = .reserved
            return state.nextTicket
        }
    }

    /// Says how to tell the one with the ticket; called once with the outcome, or with `CancellationError`.
    func wait(_ ticket: Int, _ body: @escaping @Sendable (Outcome) -> Void) {
        let outcome: Outcome? = state.withLock { state in
            if case .left = state.waiters[ticket] {
                state.waiters[ticket] = nil
                return .failure(CancellationError())
            }
            if let outcome = state.outcome { return outcome }
            state.waiters[ticket] = .waiting(body)
            return nil
        }
        if let outcome { body(outcome) }
    }

    /// The one with the ticket is told at once that it was cancelled.
    func leave(_ ticket: Int) {
        let body: (@Sendable (Outcome) -> Void)? = state.withLock { state in
            guard state.outcome == nil, let waiter = state.waiters[ticket] else { return nil }
            var body: (@Sendable (Outcome) -> Void)?
            switch waiter {
            case .left: return nil
            case .reserved: state.waiters[ticket] = .left
            case .waiting(let waiting):
                body = waiting
                state.waiters[ticket] = nil
            }
            let isAnybodyLeft = state.waiters.values.contains { if case .left = $0 { false } else { true } }
            state.isAbandoned = !isAnybodyLeft
            return body
        }
        body?(.failure(CancellationError()))
    }

    var isAbandoned: Bool { state.withLock { $0.isAbandoned } }

    /// Whether the caller is the one who has to do it, and call `finish`.
    func start() -> Bool {
        state.withLock { state in
            guard !state.isStarted, !state.isAbandoned else { return false }
            state.isStarted = true
            return true
        }
    }

    func finish(_ outcome: Outcome) {
        let waiters = state.withLock { state in
            state.outcome = outcome
            defer { state.waiters.removeAll() }
            return Array(state.waiters.values)
        }
        for case .waiting(let body) in waiters { body(outcome) }
    }
}
