/// The code of a DHCP option (IANA "BOOTP Vendor Extensions and DHCP Options").
public struct DHCPOptionCode: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    init(_ rawValue: UInt8) { self.rawValue = rawValue }

    /// One octet without a length; fills up (RFC 2132 §3.1).
    static let pad = Self(0)
    public static let subnetMask = Self(1)
    public static let router = Self(3)
    public static let domainNameServers = Self(6)
    public static let hostName = Self(12)
    public static let domainName = Self(15)
    public static let interfaceMTU = Self(26)
    public static let broadcastAddress = Self(28)
    public static let ntpServers = Self(42)
    /// Sub-options for PXE, with PXE's own codes (`PXEVendorOptions`).
    public static let vendorInformation = Self(43)
    public static let requestedAddress = Self(50)
    /// Seconds.
    public static let leaseTime = Self(51)
    /// 1: `file` holds options, 2: `sname`, 3: both (RFC 2132 §9.3).
    static let overload = Self(52)
    public static let messageType = Self(53)
    public static let serverIdentifier = Self(54)
    public static let parameterRequestList = Self(55)
    /// Text: why there is a NAK.
    public static let message = Self(56)
    /// Octets of the longest DHCP message that the client takes.
    public static let maximumMessageSize = Self(57)
    /// T1, seconds.
    public static let renewalTime = Self(58)
    /// T2, seconds.
    public static let rebindingTime = Self(59)
    public static let vendorClass = Self(60)
    public static let clientIdentifier = Self(61)
    public static let tftpServerName = Self(66)
    public static let bootFileName = Self(67)
    public static let userClass = Self(77)
    /// Added by relay agents, always last (RFC 3046).
    public static let relayAgentInformation = Self(82)
    /// Seconds since the client was last heard (RFC 4388 §6.1).
    public static let clientLastTransactionTime = Self(91)
    /// Other addresses of the client (RFC 4388 §6.1).
    public static let associatedAddresses = Self(92)
    /// A list of 16-bit codes (RFC 4578 §2.1).
    public static let clientArchitecture = Self(93)
    public static let clientNetworkInterface = Self(94)
    /// The machine's UUID (RFC 4578 §2.3).
    public static let clientMachineIdentifier = Self(97)
    /// The network to serve the client from, from the client or its relay (RFC 3011).
    public static let subnetSelection = Self(118)
    public static let classlessStaticRoutes = Self(121)
    /// iPXE's own sub-options (`IPXEOptions`).
    public static let ipxe = Self(175)
    /// One octet without a length; nothing follows.
    static let end = Self(255)
}

extension DHCPOptionCode: CustomStringConvertible {
    public var description: String { String(rawValue) }
}
