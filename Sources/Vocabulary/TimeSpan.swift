/// A length of time as people write it: `30s`, `10m`, `1h30m`, `250ms`, `7d`. Kept in whole milliseconds.
public struct TimeSpan: Hashable, Comparable, Sendable {
    public let milliseconds: Int64

    /// - Parameter milliseconds: negative values count as none.
    public init(milliseconds: Int64) { self.milliseconds = max(0, milliseconds) }

    public static func seconds(_ count: Int64) -> TimeSpan { TimeSpan(milliseconds: count * 1000) }
    public static func minutes(_ count: Int64) -> TimeSpan { .seconds(count * 60) }

    public var duration: Duration { .milliseconds(milliseconds) }

    public static func < (a: TimeSpan, b: TimeSpan) -> Bool { a.milliseconds < b.milliseconds }

    private static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]
}

extension TimeSpan: CustomStringConvertible, LosslessStringConvertible, Codable {
    public var description: String {
        if milliseconds == 0 { return "0s" }
        var rest = milliseconds
        var text = ""
        for unit in Self.units where rest >= unit.milliseconds {
            text += "\(rest / unit.milliseconds)\(unit.name)"
            rest %= unit.milliseconds
        }
        return text
    }

    /// Whole numbers, each with a unit, each unit at most once and the larger first; nil for anything else.
    public init?(_ description: String) {
        var rest = description.utf8[...]
        var total: Int64 = 0
        var units = Self.units[...]
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            rest = rest.dropFirst(digits.count)
            let letters = rest.prefix { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            rest = rest.dropFirst(letters.count)
            guard let count = Int64(Substring(digits)),
                let index = units.firstIndex(where: { $0.name.utf8.elementsEqual(letters) })
            else { return nil }
            let (product, overflows) = count.multipliedReportingOverflow(by: units[index].milliseconds)
            let (sum, exceeds) = total.addingReportingOverflow(product)
            guard !overflows, !exceeds else { return nil }
            total = sum
            units = units[(index + 1)...]
        }
        milliseconds = total
    }

    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let span = TimeSpan(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "found '\(text)', expected a time such as 10m")
            )
        }
        self = span
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
