import Synchronization

/// What the boot plane's HTTP has done since it started. Written by every event loop, read by anybody.
public final class HTTPCounters: Sendable {
    /// The counters at one moment.
    public struct Snapshot: Hashable, Sendable {
        public var scripts: UInt64 = 0
        public var resources: UInt64 = 0
        /// Answers that were none: 4xx.
        public var refused: UInt64 = 0
        /// Connections and requests that were told to come again: 503.
        public var unavailable: UInt64 = 0
        /// Bytes of resources, without heads and scripts.
        public var bytes: UInt64 = 0
        /// Transfers that ended early.
        public var aborted: UInt64 = 0
        /// Transfers under way.
        public var activeTransfers: Int = 0
        /// Connections open.
        public var connections: Int = 0
    }

    private let scripts = Atomic<UInt64>(0)
    private let resources = Atomic<UInt64>(0)
    private let refused = Atomic<UInt64>(0)
    private let unavailable = Atomic<UInt64>(0)
    private let bytes = Atomic<UInt64>(0)
    private let aborted = Atomic<UInt64>(0)
    private let activeTransfers = Atomic<Int>(0)
    private let connections = Atomic<Int>(0)

    init() {}

    public var snapshot: Snapshot {
        Snapshot(
            scripts: scripts.load(ordering: .relaxed),
            resources: resources.load(ordering: .relaxed),
            refused: refused.load(ordering: .relaxed),
            unavailable: unavailable.load(ordering: .relaxed),
            bytes: bytes.load(ordering: .relaxed),
            aborted: aborted.load(ordering: .relaxed),
            activeTransfers: activeTransfers.load(ordering: .relaxed),
            connections: connections.load(ordering: .relaxed)
        )
    }

    func countScript() { scripts.add(1, ordering: .relaxed) }
    func countResource() { resources.add(1, ordering: .relaxed) }
    func countProblem(_ status: ResponseHead.Status) {
        if status == .unavailable {
            unavailable.add(1, ordering: .relaxed)
        } else {
            refused.add(1, ordering: .relaxed)
        }
    }
    func transferBegan() { activeTransfers.add(1, ordering: .relaxed) }
    func transferEnded(bytes count: UInt64, isWhole: Bool) {
        activeTransfers.subtract(1, ordering: .relaxed)
        bytes.add(count, ordering: .relaxed)
        if !isWhole { aborted.add(1, ordering: .relaxed) }
    }
    /// - Returns: Connections now open.
    func connectionOpened() -> Int { connections.add(1, ordering: .relaxed).newValue }
    func connectionClosed() { connections.subtract(1, ordering: .relaxed) }
}
