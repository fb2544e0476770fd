/// Option 53 (RFC 2132 §9.6, RFC 4388 §6.1).
public struct DHCPMessageType: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    private init(_ rawValue: UInt8) { self.rawValue = rawValue }

    public static let discover = Self(1)
    public static let offer = Self(2)
    public static let request = Self(3)
    public static let decline = Self(4)
    public static let ack = Self(5)
    public static let nak = Self(6)
    public static let release = Self(7)
    public static let inform = Self(8)
    public static let leaseQuery = Self(10)
    public static let leaseUnassigned = Self(11)
    public static let leaseUnknown = Self(12)
    public static let leaseActive = Self(13)
}
