/// A 48-bit hardware address (EUI-48), held as one integer so that it hashes and compares as fast as a number.
///
/// Parsing accepts the three spellings that firmware and people use (`52:54:00:12:34:56`, `52-54-00-12-34-56`,
/// `525400123456`), in either case, and nothing else. Printing is always lower-case with colons.
public struct MACAddress: Hashable, Sendable {
    /// The address in the low 48 bits, first octet most significant.
    public let rawValue: UInt64

    /// - Parameter rawValue: the high 16 bits are ignored.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue & 0xffff_ffff_ffff
    }

    /// The address in six octets, as `chaddr` and an Ethernet header carry it; nil when there are not exactly six.
    public init?(octets: some Collection<UInt8>) {
        guard octets.count == 6 else { return nil }
        self.init(rawValue: octets.reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// The address that `text` spells; nil when it spells none.
    public init?(_ text: some StringProtocol) {
        var value: UInt64 = 0
        var digits = 0
        var separator: UInt8?
        for (index, byte) in text.utf8.enumerated() {
            if let digit = hexadecimalDigit(byte) {
                guard digits < 12 else { return nil }
                value = value << 4 | UInt64(digit)
                digits += 1
            } else {
                guard byte == UInt8(ascii: ":") || byte == UInt8(ascii: "-"), index % 3 == 2, digits < 12 else {
                    return nil
                }
                guard separator == nil || separator == byte else { return nil }
                separator = byte
            }
        }
        guard digits == 12, separator == nil || text.utf8.count == 17 else { return nil }
        self.init(rawValue: value)
    }

    public var octets: [UInt8] {
        (0..<6).map { UInt8(truncatingIfNeeded: rawValue >> (40 - 8 * $0)) }
    }

    /// True for group addresses (the I/G bit of the first octet) and for all zeros: no machine has these.
    public var isGroupOrZero: Bool {
        rawValue == 0 || rawValue >> 40 & 1 == 1
    }

    /// `52-54-00-12-34-56`: how PXELINUX, GRUB and `BOOTIF=` write it.
    public var hyphenated: String { spelled(with: UInt8(ascii: "-")) }

    private func spelled(with separator: UInt8) -> String {
        String(unsafeUninitializedCapacity: 17) { buffer in
            for index in 0..<6 {
                let octet = UInt8(truncatingIfNeeded: rawValue >> (40 - 8 * index))
                buffer[3 * index] = hexadecimalCharacter(octet >> 4)
                buffer[3 * index + 1] = hexadecimalCharacter(octet & 15)
                if index < 5 { buffer[3 * index + 2] = separator }
            }
            return 17
        }
    }
}

extension MACAddress: CustomStringConvertible, LosslessStringConvertible {
    /// `52:54:00:12:34:56`.
    public var description: String { spelled(with: UInt8(ascii: ":")) }
    public init?(_ description: String) { self.init(description[...]) }
}

extension MACAddress: Comparable {
    public static func < (a: MACAddress, b: MACAddress) -> Bool { a.rawValue < b.rawValue }
}

extension MACAddress: Codable {
    public init(from decoder: any Decoder) throws {
        self = try decodeDescription(from: decoder, expecting: "a MAC address such as 52:54:00:12:34:56")
    }
    public func encode(to encoder: any Encoder) throws { try encodeDescription(of: self, to: encoder) }
}
