import Vocabulary

extension Window {
    /// Whether it is open. By the local clock of each moment, so a change to summer time moves it with the clocks.
    /// - Parameter offset: seconds that the zone is ahead of UTC at `now`.
    public func isOpen(at now: Timestamp, offset: Int) -> Bool {
        let local = now.milliseconds + Int64(offset) * 1000
        let (dayNumber, rest) = divide(local, by: 86_400_000)
        let minute = Int(rest / 60_000)
        let today = Self.day(dayNumber), yesterday = Self.day(dayNumber - 1)
        if from < to { return days.contains(today) && minute >= from && minute < to }
        return days.contains(today) && minute >= from || days.contains(yesterday) && minute < to
    }

    /// 1970-01-01 was a Thursday.
    private static func day(_ number: Int64) -> Day {
        Day(rawValue: Int(divide(number + 3, by: 7).rest)) ?? .monday
    }

    /// When it opens next, to the minute; `now` when it is open, nil when it does not within eight days.
    public func nextOpening(from now: Timestamp, zones: ZoneOffsets) -> Timestamp? {
        let minute: Int64 = 60_000
        var time = now.milliseconds
        for _ in 0..<(8 * 24 * 60) {
            let moment = Timestamp(milliseconds: time)
            guard let offset = zones.offset(timeZone, moment) else { return nil }
            if isOpen(at: moment, offset: offset) { return moment }
            time = (time / minute + 1) * minute
        }
        return nil
    }
}

/// Rounds down, whatever the sign.
private func divide(_ value: Int64, by divisor: Int64) -> (quotient: Int64, rest: Int64) {
    let (quotient, rest) = value.quotientAndRemainder(dividingBy: divisor)
    return rest < 0 ? (quotient - 1, rest + divisor) : (quotient, rest)
}

/// How far ahead of UTC the zones are.
public struct ZoneOffsets: Sendable {
    /// Seconds ahead of UTC at a moment; nil for a zone that is not known.
    public var offset: @Sendable (_ zone: String, _ at: Timestamp) -> Int?

    public init(offset: @escaping @Sendable (_ zone: String, _ at: Timestamp) -> Int?) { self.offset = offset }

    public static let utc = ZoneOffsets { zone, _ in zone == "UTC" ? 0 : nil }
}
