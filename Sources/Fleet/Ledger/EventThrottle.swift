import Synchronization
import Vocabulary

/// Lets the same thing be said once in a while, so that no packet storm becomes a storm of events.
public final class EventThrottle: Sendable {
    private let interval: Duration
    private let last = Mutex<[String: Duration]>([:])
    /// Things remembered at most; beyond, everything is forgotten and may be said again.
    private static let limit = 10_000

    public init(interval: Duration = .seconds(600)) { self.interval = interval }

    /// True when `thing` was not said for the interval; it counts as said then.
    public func allows(_ thing: String, now: Moment) -> Bool {
        last.withLock { last in
            if let before = last[thing], now.uptime - before < interval { return false }
            if last.count >= Self.limit { last.removeAll() }
            last[thing] = now.uptime
            return true
        }
    }
}
