import Vocabulary

/// A DHCP message (RFC 2131 §2).
///
///      0                   1                   2                   3
///      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
///     +---------------+---------------+---------------+---------------+
///     |      op       |     htype     |     hlen      |     hops      |
///     +---------------+---------------+---------------+---------------+
///     |                              xid                              |
///     +-------------------------------+-------------------------------+
///     |             secs              |B|          flags              |
///     +-------------------------------+-------------------------------+
///     |                            ciaddr                             |
///     |                            yiaddr                             |
///     |                            siaddr                             |
///     |                            giaddr                             |
///     +---------------------------------------------------------------+
///     |                          chaddr  (16)                         |
///     |                          sname   (64)                         |
///     |                          file   (128)                         |
///     +---------------------------------------------------------------+
///     |        99             130             83              99      |
///     |                       options (variable)                      |
///     +---------------------------------------------------------------+
public struct DHCPPacket: Hashable, Sendable {
    public enum Operation: UInt8, Sendable {
        case request = 1
        case reply = 2
    }

    public var operation: Operation
    public var hops: UInt8 = 0
    public var xid: UInt32
    /// Seconds since the client began.
    public var secs: UInt16 = 0
    public var flags: UInt16 = 0
    /// The client's address, when it has one and answers ARP for it.
    public var ciaddr = IPv4Address.any
    /// "Your" address: what the server gives.
    public var yiaddr = IPv4Address.any
    /// Where the boot file is.
    public var siaddr = IPv4Address.any
    /// The first relay agent.
    public var giaddr = IPv4Address.any
    public var chaddr: HardwareAddress
    /// Without the NULs at the end; at most 64 octets. Empty when the field held options.
    public var sname: [UInt8] = []
    /// Without the NULs at the end; at most 128 octets. Empty when the field held options.
    public var file: [UInt8] = []
    public var options = DHCPOptions()

    public init(operation: Operation, xid: UInt32, chaddr: HardwareAddress) {
        self.operation = operation
        self.xid = xid
        self.chaddr = chaddr
    }

    /// The client cannot take unicast before it is configured (RFC 2131 §4.1).
    public var wantsBroadcast: Bool {
        get { flags & 0x8000 != 0 }
        set { flags = newValue ? flags | 0x8000 : flags & 0x7fff }
    }

    /// nil when there is no option 53 of one octet.
    public var messageType: DHCPMessageType? {
        guard let value = options[.messageType], value.count == 1, let first = value.first else { return nil }
        return DHCPMessageType(rawValue: first)
    }

    /// Octets before the options, the cookie among them.
    static let headerLength = 240
    static let cookie: UInt32 = 0x6382_5363
    static let snameField = 44..<108
    static let fileField = 108..<236
    /// Relay agents drop beyond it, and so do we (RFC 1542 §4.1.1).
    static let maximumHops: UInt8 = 16
}
