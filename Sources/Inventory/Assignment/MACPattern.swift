import Vocabulary

/// A whole MAC, or the first hexadecimal digits of one and `*`.
public struct MACPattern: Hashable, Sendable {
    /// The digits that count, the others zero.
    public let value: UInt64
    /// Leading hexadecimal digits that count, 0 to 12; 12 is a whole MAC.
    public let digits: Int

    public init(_ mac: MACAddress) { (value, digits) = (mac.rawValue, 12) }

    /// - Parameter digits: 0 to 12.
    init(prefixOf mac: MACAddress, digits: Int) {
        self.digits = digits
        let dropped = 4 * UInt64(12 - digits)
        value = (mac.rawValue >> dropped) << dropped
    }

    public var isWhole: Bool { digits == 12 }

    public func matches(_ mac: MACAddress) -> Bool { MACPattern(prefixOf: mac, digits: digits) == self }
}

extension MACPattern: CustomStringConvertible, LosslessStringConvertible {
    public var description: String {
        let whole = MACAddress(rawValue: value).description
        return isWhole ? whole : whole.prefix(digits + digits / 2) + "*"
    }

    /// A MAC in any of its spellings, or the beginning of one with `*` after it; nil otherwise.
    public init?(_ description: String) {
        guard description.utf8.last == UInt8(ascii: "*") else {
            guard let mac = MACAddress(description) else { return nil }
            self.init(mac)
            return
        }
        var prefix = String(description.dropLast())
        let separator = prefix.utf8.first { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "-") }
        let digits = prefix.utf8.count { hexadecimalDigit($0) != nil }
        guard digits < 12 else { return nil }
        // Completed with zeros, it has to be a MAC.
        let mark = separator.map { String(Unicode.Scalar($0)) } ?? ""
        for index in digits..<12 {
            if index > 0, index.isMultiple(of: 2), !mark.isEmpty, !prefix.hasSuffix(mark) { prefix += mark }
            prefix += "0"
        }
        guard let mac = MACAddress(prefix) else { return nil }
        self.init(prefixOf: mac, digits: digits)
    }
}
