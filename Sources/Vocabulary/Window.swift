/// When machines may have their turns; who is at it when it closes goes on.
public struct Window: Hashable, Sendable, Codable {
    public enum Day: Int, Hashable, Sendable, Codable, CaseIterable {
        case monday, tuesday, wednesday, thursday, friday, saturday, sunday
    }

    /// The days on which it opens.
    public var days: Set<Day>
    /// Minutes after local midnight, 0 to 1439. When `to` is not after `from` it closes on the next day.
    public var from: Int
    public var to: Int
    /// IANA's name, `Europe/Berlin`.
    public var timeZone: String

    public init(days: Set<Day> = Set(Day.allCases), from: Int = 0, to: Int = 0, timeZone: String = "UTC") {
        self.days = days
        self.from = from
        self.to = to
        self.timeZone = timeZone
    }
}

extension Window.Day: CustomStringConvertible, LosslessStringConvertible {
    private static let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

    /// `Mon`.
    public var description: String { Self.names[rawValue] }

    public init?(_ description: String) {
        guard let number = Self.names.firstIndex(of: description) else { return nil }
        self.init(rawValue: number)
    }
}

extension Window {
    /// `Mon-Thu,Sat`, or `Fri-Mon` over the week's end; nil for anything else.
    public static func days(_ text: String) -> Set<Day>? {
        var days: Set<Day> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false)
            guard (1...2).contains(ends.count), let first = Day(String(ends[0])),
                let last = Day(String(ends[ends.count - 1]))
            else { return nil }
            let length = (last.rawValue - first.rawValue + 7) % 7
            for offset in 0...length { days.insert(Day.allCases[(first.rawValue + offset) % 7]) }
        }
        return days
    }

    /// Minutes after midnight of `09:00`; nil for anything else.
    public static func minutes(_ text: String) -> Int? {
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.count == 2 }), let hours = Int(Substring(parts[0])),
            let minutes = Int(Substring(parts[1])), (0..<24).contains(hours), (0..<60).contains(minutes)
        else { return nil }
        return 60 * hours + minutes
    }

    /// `09:00`.
    public static func clock(_ minutes: Int) -> String {
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(two(minutes / 60)):\(two(minutes % 60))"
    }
}
