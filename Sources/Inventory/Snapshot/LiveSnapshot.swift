import Synchronization

/// The snapshot that everybody asks and the commits change: touched for microseconds under one lock.
public final class LiveSnapshot: Sendable {
    private let snapshot: Mutex<Snapshot>

    public init(_ snapshot: Snapshot = Snapshot()) { self.snapshot = Mutex(snapshot) }

    /// Look-ups only: whatever takes longer works on `copy()`, but beware that the next delta then copies the tables.
    public func read<Result: Sendable>(_ body: (borrowing Snapshot) -> Result) -> Result {
        snapshot.withLock { body($0) }
    }

    public func copy() -> Snapshot { snapshot.withLock { $0 } }

    /// - Returns: false when commits are missing; see `Snapshot.apply`.
    @discardableResult
    public func apply(_ delta: InventoryDelta) -> Bool { snapshot.withLock { $0.apply(delta) } }

    /// Takes `other` over if it is newer: commits may have come while it was read.
    ///
    /// - Returns: whether it was.
    public func advance(to other: Snapshot) -> Bool {
        snapshot.withLock { current in
            guard other.sequence > current.sequence else { return false }
            current = other
            return true
        }
    }

    public func replace(with other: Snapshot) { snapshot.withLock { $0 = other } }
}
