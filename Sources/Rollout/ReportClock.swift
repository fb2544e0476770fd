import Vocabulary

/// A point on the clock that only runs while reports can arrive: milliseconds since it was first started.
///
/// Every deadline, bake and soak is kept in it, so that an outage of ours, or a wall clock that jumps, fails nobody.
public struct ObservedTime: Hashable, Comparable, Sendable, Codable {
    public var milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static func < (a: ObservedTime, b: ObservedTime) -> Bool { a.milliseconds < b.milliseconds }
    public static func + (time: ObservedTime, span: TimeSpan) -> ObservedTime {
        ObservedTime(milliseconds: time.milliseconds + span.milliseconds)
    }
    /// None when `b` is later.
    public static func - (a: ObservedTime, b: ObservedTime) -> TimeSpan {
        TimeSpan(milliseconds: a.milliseconds - b.milliseconds)
    }
}

/// The row that `ObservedTime` is read from.
public struct ReportClock: Hashable, Sendable, Codable {
    public private(set) var observed = ObservedTime(milliseconds: 0)
    /// The host's uptime when the clock was last read while reports could arrive; nil after a gap.
    private var last: TimeSpan?
    /// A longer silence of our own is a gap: who did not look cannot say that nothing came.
    private var longestStep = TimeSpan.minutes(1)

    public init() {}

    /// Reads the clock.
    /// - Parameters:
    ///   - uptime: of this host (CLOCK_BOOTTIME), which no administrator moves.
    ///   - reportsArrive: whether reports could be received and written down since the last reading.
    public mutating func advance(uptime: TimeSpan, reportsArrive: Bool) {
        defer { last = reportsArrive ? uptime : nil }
        guard reportsArrive, let last, last <= uptime else { return }
        let step = TimeSpan(milliseconds: uptime.milliseconds - last.milliseconds)
        guard step <= longestStep else { return }
        observed = observed + step
    }

    /// The server was started: what was before is a gap.
    public mutating func resume() { last = nil }
}
