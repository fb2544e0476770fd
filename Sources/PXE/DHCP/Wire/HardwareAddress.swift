import Vocabulary

/// `htype`, `hlen` and `chaddr`: the address that a client has on its link.
///
/// On InfiniBand `chaddr` is too short for the address: the client sends length 0 and zeros, asks for broadcast
/// replies and is known by its client identifier alone (RFC 4390 §2.1).
public struct HardwareAddress: Hashable, Sendable {
    /// IANA "Hardware Types": 1 Ethernet, 32 InfiniBand.
    public var type: UInt8
    /// Octets of `octets` that count: at most 16.
    public let length: UInt8
    /// All 16 octets of `chaddr`, also those beyond `length`.
    private let words: (UInt64, UInt64)

    static let ethernet: UInt8 = 1
    static let infiniBand: UInt8 = 32

    public init(_ mac: MACAddress) {
        type = Self.ethernet
        length = 6
        words = (mac.rawValue << 16, 0)
    }

    init(type: UInt8, length: UInt8, words: (UInt64, UInt64)) {
        self.type = type
        self.length = length
        self.words = words
    }

    var high: UInt64 { words.0 }
    var low: UInt64 { words.1 }

    /// The Ethernet address; nil on other links, and for what no machine has.
    public var mac: MACAddress? {
        guard type == Self.ethernet, length == 6 else { return nil }
        let mac = MACAddress(rawValue: high >> 16)
        return mac.isGroupOrZero ? nil : mac
    }

    public static func == (a: HardwareAddress, b: HardwareAddress) -> Bool {
        a.type == b.type && a.length == b.length && a.words == b.words
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(type)
        hasher.combine(length)
        hasher.combine(high)
        hasher.combine(low)
    }
}
