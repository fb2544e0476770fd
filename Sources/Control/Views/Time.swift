import Vocabulary

/// A point in time as the API writes it: RFC 3339 in UTC with milliseconds, `2026-11-21T09:30:00.125Z`.
public struct Time: Hashable, Sendable, Comparable {
    public var timestamp: Timestamp

    public init(_ timestamp: Timestamp) { self.timestamp = timestamp }

    public static func < (a: Time, b: Time) -> Bool { a.timestamp < b.timestamp }
}

extension Time: CustomStringConvertible, LosslessStringConvertible {
    public var description: String {
        let milliseconds = timestamp.milliseconds
        let seconds = (milliseconds - (milliseconds % 1000 + 1000) % 1000) / 1000
        let (year, month, day) = Self.date(ofDay: (seconds - (seconds % 86400 + 86400) % 86400) / 86400)
        let second = (seconds % 86400 + 86400) % 86400
        let fraction = milliseconds - seconds * 1000
        return Self.padded(year, 4) + "-" + Self.padded(month, 2) + "-" + Self.padded(day, 2) + "T"
            + Self.padded(second / 3600, 2) + ":" + Self.padded(second / 60 % 60, 2) + ":" + Self.padded(second % 60, 2)
            + "." + Self.padded(fraction, 3) + "Z"
    }

    /// Exactly the shape that `description` prints; nil for anything else.
    public init?(_ description: String) {
        let shape = "dddd-dd-ddTdd:dd:dd.dddZ".utf8
        guard description.utf8.count == shape.count else { return nil }
        var numbers: [Int64] = [0]
        for (byte, expected) in zip(description.utf8, shape) {
            if expected == UInt8(ascii: "d") {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                numbers[numbers.count - 1] = numbers[numbers.count - 1] * 10 + Int64(byte - UInt8(ascii: "0"))
            } else {
                guard byte == expected else { return nil }
                numbers.append(0)
            }
        }
        let day = Self.day(year: numbers[0], month: numbers[1], day: numbers[2])
        let seconds = day * 86400 + numbers[3] * 3600 + numbers[4] * 60 + numbers[5]
        self.init(Timestamp(milliseconds: seconds * 1000 + numbers[6]))
        guard self.description.utf8.elementsEqual(description.utf8) else { return nil }
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    /// The Gregorian date of a day counted from 1970-01-01. Years are counted from March, so that the leap day is a
    /// year's last and 400 years (146,097 days) repeat exactly.
    private static func date(ofDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }

    private static func day(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension Time: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let time = Time(text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "found '\(text)', expected a time such as 2026-11-21T09:30:00.125Z"
            )
        }
        self = time
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
