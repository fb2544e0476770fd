import Synchronization

/// The snapshot that everybody asks and the commits change: touched for microseconds under one lock. It remembers what
/// was changed since it was last written to disk.
public final class LiveSnapshot: Sendable {
    private struct State: Sendable {
        var snapshot: Snapshot
        /// The commits that are not on disk; nil when only the whole snapshot will do.
        var unwritten: [InventoryDelta]? = []
        var unwrittenChanges = 0
    }

    /// What a file lacks.
    enum Unwritten: Sendable {
        case deltas([InventoryDelta])
        case everything(Snapshot.Contents)
    }

    private let state: Mutex<State>

    public init(_ snapshot: Snapshot = Snapshot()) { state = Mutex(State(snapshot: snapshot)) }

    /// For look-ups: the commits wait while it goes on.
    public func read<Result: Sendable>(_ body: (borrowing Snapshot) -> Result) -> Result {
        state.withLock { body($0.snapshot) }
    }

    /// - Returns: false when commits are missing; see `Snapshot.apply`.
    @discardableResult
    public func apply(_ delta: InventoryDelta) -> Bool {
        state.withLock { state in
            let before = state.snapshot.sequence
            guard state.snapshot.apply(delta) else { return false }
            guard state.snapshot.sequence != before, state.unwritten != nil else { return true }
            state.unwritten?.append(delta)
            state.unwrittenChanges += delta.changes.count
            // So many that all of it is as quickly written: what they replaced need not be kept for that.
            if state.unwrittenChanges > max(1000, state.snapshot.machineCount / 2) { state.unwritten = nil }
            return true
        }
    }

    /// Takes `other` over if it is newer: commits may have come while it was read.
    ///
    /// - Returns: whether it was.
    public func advance(to other: Snapshot) -> Bool {
        state.withLock { state in
            guard other.sequence > state.snapshot.sequence else { return false }
            state = State(snapshot: other, unwritten: nil)
            return true
        }
    }

    /// Hands out what was not written yet; from here on it counts as written.
    ///
    /// - Parameter everything: whether all of it is wanted anyway.
    func takeUnwritten(everything: Bool) -> Unwritten {
        state.withLock { state in
            defer {
                state.unwritten = []
                state.unwrittenChanges = 0
            }
            guard let deltas = state.unwritten, !everything else { return .everything(state.snapshot.contents) }
            return .deltas(deltas)
        }
    }
}
