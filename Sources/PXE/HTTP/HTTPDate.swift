import Vocabulary

/// The `Date` of responses (RFC 9110 §5.6.7), written again only when the second changes.
struct HTTPDate {
    private var second: Int64 = .min
    private(set) var bytes: [UInt8] = []

    /// The date at `time`: `Sun, 06 Nov 1994 08:49:37 GMT`.
    mutating func update(_ time: Timestamp) {
        let second = time.milliseconds / 1000
        guard second != self.second else { return }
        self.second = second
        bytes = Self.format(second: second)
    }

    static func format(second: Int64) -> [UInt8] {
        let (days, clock) = second.quotientAndRemainder(dividingBy: 86_400)
        let date = civil(daysSince1970: days)
        var text: [UInt8] = []
        text.reserveCapacity(29)
        // 1 January 1970 was a Thursday.
        text += weekdays[Int((days + 4) % 7)]
        appendTwoDigits(date.day, to: &text)
        text += months[date.month - 1]
        appendTwoDigits(date.year / 100, to: &text)
        appendTwoDigits(date.year % 100, to: &text)
        text.append(UInt8(ascii: " "))
        appendTwoDigits(Int(clock / 3600), to: &text)
        text.append(UInt8(ascii: ":"))
        appendTwoDigits(Int(clock / 60 % 60), to: &text)
        text.append(UInt8(ascii: ":"))
        appendTwoDigits(Int(clock % 60), to: &text)
        text += Array(" GMT".utf8)
        return text
    }

    /// The Gregorian date of a day, by years that begin in March, so that the leap day is a year's last.
    private static func civil(daysSince1970: Int64) -> (year: Int, month: Int, day: Int) {
        let days = Int(daysSince1970) + 719_468
        let era = days / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    private static func appendTwoDigits(_ value: Int, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "0") + UInt8(value / 10))
        text.append(UInt8(ascii: "0") + UInt8(value % 10))
    }

    private static let weekdays = ["Sun, ", "Mon, ", "Tue, ", "Wed, ", "Thu, ", "Fri, ", "Sat, "].map { Array($0.utf8) }
    private static let months = [
        " Jan ", " Feb ", " Mar ", " Apr ", " May ", " Jun ", " Jul ", " Aug ", " Sep ", " Oct ", " Nov ", " Dec ",
    ].map { Array($0.utf8) }
}
