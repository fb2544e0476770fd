/// A point in time as people and databases write it: milliseconds since 1970-01-01T00:00:00Z.
public struct Timestamp: Hashable, Comparable, Sendable, Codable {
    public var milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }

    public static func + (time: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(milliseconds: time.milliseconds + duration.milliseconds)
    }

    public static func - (a: Timestamp, b: Timestamp) -> Duration { .milliseconds(a.milliseconds - b.milliseconds) }

    public init(from decoder: any Decoder) throws {
        milliseconds = try decoder.singleValueContainer().decode(Int64.self)
    }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }
}

/// Now, by both clocks: what is kept on disk goes by the wall, what waits in memory goes by `uptime`, which no
/// administrator and no NTP step moves. Pure code takes one as an argument and never asks a clock itself.
public struct Moment: Hashable, Sendable {
    public var wall: Timestamp
    /// Since the host started, time asleep included (CLOCK_BOOTTIME).
    public var uptime: Duration

    public init(wall: Timestamp, uptime: Duration) {
        self.wall = wall
        self.uptime = uptime
    }

    /// Both clocks later by the same amount.
    public static func + (moment: Moment, duration: Duration) -> Moment {
        Moment(wall: moment.wall + duration, uptime: moment.uptime + duration)
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero.
    public var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
