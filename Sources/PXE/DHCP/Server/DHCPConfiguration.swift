import Vocabulary

/// What the DHCP service does, and for whom. A value: a reload brings another one.
public struct DHCPConfiguration: Hashable, Sendable {
    public enum Mode: String, Hashable, Sendable, Codable, CaseIterable {
        case off
        /// Answers only clients that boot, beside somebody else's DHCP server.
        case proxy
        case server
    }

    /// An interface to serve on.
    public struct Interface: Hashable, Sendable {
        public var name: String
        /// The address that clients are told; nil for the interface's own, the one in the client's network first.
        public var address: IPv4Address?

        public init(name: String, address: IPv4Address? = nil) {
            self.name = name
            self.address = address
        }
    }

    /// What makes two packets the same client.
    public enum Identification: Hashable, Sendable {
        /// The hardware address, so that a machine keeps its address from ROM to loader to operating system, which
        /// all send different client identifiers or none.
        case hardwareAddress
        /// Option 61 where there is one (RFC 2131 §4.2).
        case clientIdentifier
    }

    public var mode: Mode
    public var interfaces: [Interface]
    /// Where the boot plane's HTTP listens on the same addresses.
    public var httpPort: UInt16
    public var subnets: [DHCPSubnet] = []
    public var loaders = LoaderTable()
    /// Relay agents that may ask for leases (LEASEQUERY, RFC 4388 §7).
    public var leaseQueryRelays: Set<IPv4Address> = []
    /// User classes (option 77) that mean iPXE.
    public var ipxeUserClasses = ["iPXE"]
    public var identification = Identification.hardwareAddress
    /// Refuses with NAK what is wrong for the network (RFC 2131 §4.3.2). False where another server shares the link.
    public var isAuthoritative = true
    /// Takes option 82 without a relay's address, from a switch that adds it (RFC 3046 §2.1).
    public var acceptsUnrelayedOption82 = true
    /// Asks the link for each pool address before it is offered (RFC 2131 §3.1).
    public var probesAddresses = true
    /// How long an offered address waits for its client: OVMF takes 3.8 s, a switch port with spanning tree 50.
    public var offerTime = Duration.seconds(60)
    /// How long an address that somebody else uses is given to nobody.
    public var quarantine = Duration.seconds(3600)
    public var loopGuard = LoopGuard.Configuration()
    /// Replies that wait for their lease to be written; past it, DISCOVERs are not answered, so that those who are
    /// half-way through get their leases first.
    public var maximumPending = 4096

    public init(mode: Mode, interfaces: [Interface], httpPort: UInt16, subnets: [DHCPSubnet] = []) {
        self.mode = mode
        self.interfaces = interfaces
        self.httpPort = httpPort
        self.subnets = subnets
    }
}
