/// An IPv4 address, held in host byte order so that ranges and networks are plain arithmetic.
public struct IPv4Address: Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
        self.init(rawValue: UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d))
    }

    /// The address in four octets, network order; nil when there are not exactly four.
    public init?(octets: some Collection<UInt8>) {
        guard octets.count == 4 else { return nil }
        self.init(rawValue: octets.reduce(0) { $0 << 8 | UInt32($1) })
    }

    /// Dotted decimal, four parts, no leading zeros; nil otherwise.
    public init?(_ text: some StringProtocol) {
        var value: UInt32 = 0
        var part: UInt32 = 0
        var digits = 0
        var dots = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                guard digits == 0 || part > 0 else { return nil }
                part = part * 10 + UInt32(byte - UInt8(ascii: "0"))
                digits += 1
                guard part <= 255 else { return nil }
            case UInt8(ascii: "."):
                guard digits > 0, dots < 3 else { return nil }
                value = value << 8 | part
                (part, digits, dots) = (0, 0, dots + 1)
            default:
                return nil
            }
        }
        guard dots == 3, digits > 0 else { return nil }
        self.init(rawValue: value << 8 | part)
    }

    public var octets: [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: rawValue >> (24 - 8 * $0)) }
    }

    public static let any = IPv4Address(rawValue: 0)
    public static let broadcast = IPv4Address(rawValue: .max)
    public static let loopback = IPv4Address(127, 0, 0, 1)

    public var isLoopback: Bool { rawValue >> 24 == 127 }
    /// 169.254.0.0/16 (RFC 3927).
    public var isLinkLocal: Bool { rawValue >> 16 == 0xa9fe }
    public var isMulticast: Bool { rawValue >> 28 == 0xe }
}

extension IPv4Address: CustomStringConvertible, LosslessStringConvertible {
    public var description: String {
        "\(rawValue >> 24).\(rawValue >> 16 & 255).\(rawValue >> 8 & 255).\(rawValue & 255)"
    }
    public init?(_ description: String) { self.init(description[...]) }
}

extension IPv4Address: Comparable, Strideable {
    public static func < (a: IPv4Address, b: IPv4Address) -> Bool { a.rawValue < b.rawValue }
    public func distance(to other: IPv4Address) -> Int { Int(other.rawValue) - Int(rawValue) }
    public func advanced(by n: Int) -> IPv4Address { IPv4Address(rawValue: UInt32(Int(rawValue) + n)) }
}

extension IPv4Address: Codable {
    public init(from decoder: any Decoder) throws {
        self = try decodeDescription(from: decoder, expecting: "an IPv4 address such as 192.168.77.1")
    }
    public func encode(to encoder: any Encoder) throws { try encodeDescription(of: self, to: encoder) }
}
