import Vocabulary

/// A network that the server gives addresses in.
public struct DHCPSubnet: Hashable, Sendable {
    /// Addresses for clients without a reservation.
    public struct Pool: Hashable, Sendable {
        public var range: ClosedRange<IPv4Address>
        /// Only for clients whose option 60 begins so, and these get addresses from nowhere else, not even from a
        /// reservation: a BMC that shares its machine's NIC must not take the machine's address. nil: for the rest.
        public var vendorClass: String?

        public init(range: ClosedRange<IPv4Address>, vendorClass: String? = nil) {
            self.range = range
            self.vendorClass = vendorClass
        }
    }

    public var network: IPv4Network
    /// Empty: only machines with an address of their own are served.
    public var pools: [Pool]
    public var router: IPv4Address?
    public var dns: [IPv4Address]
    /// At least a minute, at most what fits 32 bits of seconds.
    public var leaseTime: Duration
    public var domain: String?
    public var ntp: [IPv4Address] = []
    public var mtu: UInt16?
    /// Further options, for clients that ask for them.
    public var options: [DHCPOptionCode: [UInt8]] = [:]

    public init(
        network: IPv4Network,
        pools: [Pool] = [],
        router: IPv4Address? = nil,
        dns: [IPv4Address] = [],
        leaseTime: Duration = .seconds(3600),
        domain: String? = nil
    ) {
        self.network = network
        self.pools = pools
        self.router = router
        self.dns = dns
        self.leaseTime = leaseTime
        self.domain = domain
    }

    /// Seconds of a lease.
    var leaseSeconds: UInt32 { UInt32(clamping: max(60, leaseTime.components.seconds)) }

    /// All that a client may ask for, encoded once.
    func encodedOptions() -> [DHCPOptionCode: [UInt8]] {
        var all = options
        all[.subnetMask] = network.mask.octets
        all[.broadcastAddress] = network.broadcast.octets
        if let router { all[.router] = router.octets }
        if !dns.isEmpty { all[.domainNameServers] = dns.flatMap(\.octets) }
        if !ntp.isEmpty { all[.ntpServers] = ntp.flatMap(\.octets) }
        if let domain { all[.domainName] = Array(domain.utf8) }
        if let mtu { all[.interfaceMTU] = [UInt8(mtu >> 8), UInt8(mtu & 255)] }
        return all
    }
}
