/// Keeps from asking a management controller that does not answer, for longer each time. Knows no clock: times are what its
/// caller says.
struct CircuitBreaker: Hashable, Sendable {
    /// Silences in a row after which it is left alone.
    static let patience = 3
    /// Rests grow to at most so many times the first.
    static let longest = 16

    private(set) var silences = 0
    private var rests = 1
    private(set) var until: ContinuousClock.Instant?

    /// For how long it is not to be asked; nil when it may be.
    func remaining(at now: ContinuousClock.Instant) -> Duration? {
        guard let until, until > now else { return nil }
        return until - now
    }

    mutating func answered() { self = CircuitBreaker() }

    mutating func wasSilent(at now: ContinuousClock.Instant, rest: Duration) {
        silences += 1
        guard silences >= Self.patience else { return }
        until = now + rest * rests
        rests = min(rests * 2, Self.longest)
    }
}
