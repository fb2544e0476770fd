import Vocabulary

/// Notices machines that keep asking for the same step of a boot: a loader that loads itself, a script that chains
/// to itself, an image that resets the machine.
///
/// Requests with the same token are retries of one another and count once.
public struct LoopGuard: Sendable {
    public struct Configuration: Hashable, Sendable {
        /// Requests within the window that are still a boot; one more is a loop.
        public var limit = 5
        /// Requests within the window after which the same answer will not help.
        public var hopeless = 10
        public var window = Duration.seconds(60)
        /// Machines remembered at once.
        public var capacity = 65_536

        public init() {}
    }

    public enum Verdict: Hashable, Sendable {
        case fine
        /// It has just begun to loop: once a window, for the event.
        case began(requestsPerMinute: Int)
        case looping
        /// It loops and nothing that it is given ends that.
        case hopeless
    }

    private struct History: Sendable {
        var times: [Duration] = []
        var token: UInt32?
        var reported: Duration?
    }

    private let configuration: Configuration
    private var histories: [MACAddress: History] = [:]

    public init(configuration: Configuration = Configuration()) { self.configuration = configuration }

    /// Counts a request.
    /// - Parameter token: what tells a retry from a new request (`xid`); nil when every request is a new one.
    public mutating func record(_ mac: MACAddress, token: UInt32? = nil, now: Moment) -> Verdict {
        if histories.count >= configuration.capacity, histories[mac] == nil { forget(now) }
        return Self.verdict(&histories[mac, default: History()], token: token, now: now.uptime, configuration)
    }

    /// Static, because a method would hold `self` while its dictionary changes: a copy of all histories a request.
    private static func verdict(
        _ history: inout History,
        token: UInt32?,
        now: Duration,
        _ configuration: Configuration
    ) -> Verdict {
        history.times.removeAll { now - $0 >= configuration.window }
        if token == nil || token != history.token || history.times.isEmpty {
            history.times.append(now)
            history.token = token
        }
        if history.times.count > 2 * max(configuration.limit, configuration.hopeless) { history.times.removeFirst() }
        guard history.times.count > configuration.limit else { return .fine }
        if let reported = history.reported, now - reported < configuration.window {
            return history.times.count > configuration.hopeless ? .hopeless : .looping
        }
        history.reported = now
        let seconds = configuration.window.components.seconds
        return .began(requestsPerMinute: history.times.count * 60 / Int(max(1, seconds)))
    }

    /// Drops the machines that were quiet for a window; all of them when none was.
    private mutating func forget(_ now: Moment) {
        histories = histories.filter { now.uptime - ($0.value.times.last ?? .zero) < configuration.window }
        if histories.count >= configuration.capacity { histories.removeAll() }
    }
}
