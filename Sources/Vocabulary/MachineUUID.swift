/// The UUID of a machine's SMBIOS system information, in the order in which people and iPXE print it.
///
/// DHCP option 97 carries its first three fields as the firmware stores them, little-endian since SMBIOS 2.6
/// (lab: QEMU's 11112222-3333-4444-… arrives as 22 22 11 11 33 33 44 44); `init(option97:)` swaps them back.
/// Firmware that was never given one says all zeros, all ones or a known filler: `isPlaceholder`.
public struct MachineUUID: Hashable, Sendable {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }

    /// 16 octets in printed order; nil when there are not exactly 16.
    public init?(octets: some Collection<UInt8>) {
        guard octets.count == 16 else { return nil }
        self.init(
            high: octets.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
            low: octets.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
        )
    }

    /// The 16 octets after the type octet of option 97 (RFC 4578 §2.3), in SMBIOS's mixed order.
    public init?(option97 octets: some Collection<UInt8>) {
        let o = Array(octets)
        guard o.count == 16 else { return nil }
        self.init(octets: [o[3], o[2], o[1], o[0], o[5], o[4], o[7], o[6]] + o[8...])
    }

    /// `11112222-3333-4444-5555-666677778888`, any case; nil otherwise.
    public init?(_ text: some StringProtocol) {
        var (high, low): (UInt64, UInt64) = (0, 0)
        var count = 0
        for byte in text.utf8 {
            switch count {
            case 8, 13, 18, 23:
                guard byte == UInt8(ascii: "-") else { return nil }
            case 0..<36:
                guard let digit = hexadecimalDigit(byte) else { return nil }
                if count < 18 { high = high << 4 | UInt64(digit) } else { low = low << 4 | UInt64(digit) }
            default: return nil
            }
            count += 1
        }
        guard count == 36 else { return nil }
        self.init(high: high, low: low)
    }

    public var octets: [UInt8] {
        [high, low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } }
    }

    /// The same UUID with its first three fields byte-swapped: what a pre-2.6 SMBIOS or a careless tool makes of it.
    public var byteSwapped: MachineUUID {
        let first = UInt32(truncatingIfNeeded: high >> 32).byteSwapped
        let second = UInt16(truncatingIfNeeded: high >> 16).byteSwapped
        let third = UInt16(truncatingIfNeeded: high).byteSwapped
        return MachineUUID(high: UInt64(first) << 32 | UInt64(second) << 16 | UInt64(third), low: low)
    }

    /// True for values that many machines share: all zeros, all ones, and the fillers that board makers ship
    /// (03000200-0400-0500-0006-000700080009, 00020003-0004-0005-0006-000700080009, 12345678-1234-5678-90ab-…).
    public var isPlaceholder: Bool {
        self == Self.zero || self == Self.ones || Self.fillers.contains(self) || Self.fillers.contains(byteSwapped)
    }

    private static let zero = MachineUUID(high: 0, low: 0)
    private static let ones = MachineUUID(high: .max, low: .max)
    private static let fillers: Set<MachineUUID> = [
        MachineUUID(high: 0x0300_0200_0400_0500, low: 0x0006_0007_0008_0009),
        MachineUUID(high: 0x0002_0003_0004_0005, low: 0x0006_0007_0008_0009),
        MachineUUID(high: 0x1234_5678_1234_5678, low: 0x90ab_cddeefaabbcc),
    ]
}

extension MachineUUID: CustomStringConvertible, LosslessStringConvertible, Codable {
    public var description: String {
        let hex = Array(hexadecimal(octets))
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(hex[$0]) }.joined(separator: "-")
    }
    public init?(_ description: String) { self.init(description[...]) }
    public init(from decoder: any Decoder) throws {
        self = try decodeDescription(from: decoder, expecting: "a UUID such as 11112222-3333-4444-5555-666677778888")
    }
    public func encode(to encoder: any Encoder) throws { try encodeDescription(of: self, to: encoder) }
}
