import Synchronization

/// Power actions and requests to management controllers since the start, for metrics.
public struct PowerCounts: Hashable, Sendable {
    public struct Action: Hashable, Sendable {
        public var driver: String
        public var action: PowerAction
        public var isDone: Bool
    }

    /// How often each driver did each action, or did not.
    public var actions: [Action: Int] = [:]
    /// Requests to management controllers that were answered or given up, and the seconds that they took together.
    public var requests = 0
    public var requestSeconds = 0.0
    /// Controllers that are not asked for a while because they did not answer.
    public var resting = 0
}

/// Thread-safe.
final class PowerCounters: Sendable {
    private let contents = Mutex(PowerCounts())

    var counts: PowerCounts { contents.withLock { $0 } }

    func count(_ driver: String, _ action: PowerAction, isDone: Bool) {
        let key = PowerCounts.Action(driver: driver, action: action, isDone: isDone)
        contents.withLock { $0.actions[key, default: 0] += 1 }
    }

    func count(requestOf duration: Duration) {
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
        contents.withLock {
            $0.requests += 1
            $0.requestSeconds += seconds
        }
    }
}
