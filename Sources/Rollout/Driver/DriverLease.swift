import Vocabulary

/// Which process drives, as a row. Its epoch fences: whatever an earlier holder still wants to write is refused.
public struct DriverLease: Hashable, Sendable, Codable {
    public private(set) var holder: String?
    /// Grows with every change of hands.
    public private(set) var epoch = 0
    /// Grows with every sign of life of the holder.
    public private(set) var beat = 0

    public init() {}

    /// Takes the lease, from whoever has it: ask `LeaseWatch` first.
    /// - Returns: the epoch to write with.
    public mutating func take(_ process: String) -> Int {
        holder = process
        epoch += 1
        beat += 1
        return epoch
    }

    /// A sign of life; false when the lease has gone to somebody else.
    public mutating func renew(epoch: Int) -> Bool {
        guard epoch == self.epoch else { return false }
        beat += 1
        return true
    }
}

/// What one process has seen of the lease. It goes by its own uptime only: no two clocks are ever compared.
public struct LeaseWatch: Hashable, Sendable {
    private var seen: DriverLease?
    private var since = TimeSpan.seconds(0)
    /// So long without a sign of life, and the holder counts as gone.
    public let patience: TimeSpan

    public init(patience: TimeSpan = .seconds(15)) { self.patience = patience }

    /// Whether the lease may be taken now.
    public mutating func isFree(_ lease: DriverLease, uptime: TimeSpan) -> Bool {
        if lease.holder == nil { return true }
        guard lease == seen, since <= uptime else {
            seen = lease
            since = uptime
            return false
        }
        return uptime.milliseconds - since.milliseconds >= patience.milliseconds
    }
}
