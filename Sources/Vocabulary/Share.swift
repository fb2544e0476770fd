/// A number of machines, or a part of them: `3` or `25%`.
public enum Share: Hashable, Sendable {
    case count(Int)
    /// 0 to 100; rounds down, at least one.
    case percent(Int)

    /// Of so many machines; none at all only where that was said.
    public func count(of machines: Int) -> Int {
        switch self {
        case .count(let count): count
        case .percent(0): 0
        case .percent(let percent): max(1, machines * percent / 100)
        }
    }
}

extension Share: CustomStringConvertible, LosslessStringConvertible, Codable {
    public var description: String {
        switch self {
        case .count(let count): "\(count)"
        case .percent(let percent): "\(percent)%"
        }
    }

    /// `3` or `25%`; nil otherwise.
    public init?(_ description: String) {
        let isPercent = description.utf8.last == UInt8(ascii: "%")
        let digits = isPercent ? description.dropLast() : description[...]
        guard let number = Int(digits), number >= 0, String(number) == digits, !isPercent || number <= 100 else {
            return nil
        }
        self = isPercent ? .percent(number) : .count(number)
    }

    public init(from decoder: any Decoder) throws {
        self = try decodeDescription(from: decoder, expecting: "a number or a percentage")
    }
    public func encode(to encoder: any Encoder) throws { try encodeDescription(of: self, to: encoder) }
}
