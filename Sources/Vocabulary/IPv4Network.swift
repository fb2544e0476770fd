/// An IPv4 network in CIDR notation. The host bits of the address are zero.
public struct IPv4Network: Hashable, Sendable {
    public let address: IPv4Address
    /// 0 to 32.
    public let prefixLength: Int

    /// The network that `address` lies in; nil when `prefixLength` is not 0 to 32.
    public init?(containing address: IPv4Address, prefixLength: Int) {
        guard (0...32).contains(prefixLength) else { return nil }
        let mask: UInt32 = prefixLength == 0 ? 0 : .max << (32 - UInt32(prefixLength))
        self.address = IPv4Address(rawValue: address.rawValue & mask)
        self.prefixLength = prefixLength
    }

    /// `192.168.77.0/24`; nil when the host bits are not zero, which is nearly always a slip of the pen.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPv4Address(parts[0]), let length = Int(parts[1]),
            String(length) == parts[1],
            let network = IPv4Network(containing: address, prefixLength: length), network.address == address
        else { return nil }
        self = network
    }

    public var mask: IPv4Address {
        IPv4Address(rawValue: prefixLength == 0 ? 0 : .max << (32 - UInt32(prefixLength)))
    }
    public var broadcast: IPv4Address { IPv4Address(rawValue: address.rawValue | ~mask.rawValue) }

    public func contains(_ candidate: IPv4Address) -> Bool {
        candidate.rawValue & mask.rawValue == address.rawValue
    }

    /// False for the network's own address and its broadcast address (not for /31 and /32, RFC 3021).
    public func isHost(_ candidate: IPv4Address) -> Bool {
        contains(candidate) && (prefixLength > 30 || (candidate != address && candidate != broadcast))
    }
}

extension IPv4Network: CustomStringConvertible, LosslessStringConvertible {
    public var description: String { "\(address)/\(prefixLength)" }
    public init?(_ description: String) { self.init(description[...]) }
}

extension IPv4Network: Codable {
    public init(from decoder: any Decoder) throws {
        self = try decodeDescription(from: decoder, expecting: "a network such as 192.168.77.0/24")
    }
    public func encode(to encoder: any Encoder) throws { try encodeDescription(of: self, to: encoder) }
}
