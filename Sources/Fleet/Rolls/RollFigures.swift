/// What the roll driver says of itself, for metrics.
public struct RollFigures: Hashable, Sendable {
    /// How long rolls were held since the server started, all of them together.
    public var held: Duration
    /// Whether this process has the driver's lease: who has not decides nothing.
    public var hasLease: Bool
}

extension FleetService {
    public var rollFigures: RollFigures {
        rollouts.state.withLock { RollFigures(held: $0.held, hasLease: $0.epoch != nil && !$0.isFenced) }
    }
}
