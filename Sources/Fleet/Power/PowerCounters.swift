import Synchronization
import Vocabulary

/// Power actions and requests to management controllers since the start, for metrics.
public struct PowerCounts: Hashable, Sendable {
    public struct Action: Hashable, Sendable {
        public var driver: String
        public var action: PowerAction
        public var isDone: Bool
    }

    /// How often each driver did each action, or did not.
    public var actions: [Action: Int] = [:]
    /// What requests to management controllers took until they were answered or given up, by the controller's vendor.
    public var requests: [String: Histogram.Snapshot] = [:]
    /// Controllers that are not asked for a while because they did not answer.
    public var resting = 0
}

/// Thread-safe.
final class PowerCounters: Sendable {
    private let contents = Mutex(PowerCounts())
    private let requests = HistogramFamily()

    var counts: PowerCounts {
        var counts = contents.withLock { $0 }
        counts.requests = requests.snapshots
        return counts
    }

    func count(_ driver: String, _ action: PowerAction, isDone: Bool) {
        let key = PowerCounts.Action(driver: driver, action: action, isDone: isDone)
        contents.withLock { $0.actions[key, default: 0] += 1 }
    }

    func count(requestOf duration: Duration, to vendor: String?) { requests.observe(duration, of: vendor) }
}
