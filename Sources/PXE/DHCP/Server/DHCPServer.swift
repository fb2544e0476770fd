import Vocabulary

/// A DHCP server without sockets, clocks or disks: packets in, outcomes out (RFC 2131 §4.3).
///
/// A lease is in force in memory as soon as it is decided, so that a whole batch is decided at once; its reply waits
/// until `LeaseStore` has it, and `notWritten` takes it back when that fails.
struct DHCPServer {
    let configuration: DHCPConfiguration
    let authority: any BootAuthority
    var leases: LeaseTable
    var subnets: [SubnetState]
    var loops: LoopGuard
    /// Our addresses on all links: server identifiers that mean us.
    var ownAddresses: Set<IPv4Address> = []

    /// A subnet and what is derived from it.
    struct SubnetState {
        let subnet: DHCPSubnet
        /// All that a client may ask for.
        let options: [DHCPOptionCode: [UInt8]]
        var pools: [AddressPool]
        var reportedExhausted: Duration?
    }

    /// - Parameter leases: what the ledger has. A server that has not read it must not exist.
    init(configuration: DHCPConfiguration, authority: any BootAuthority, leases: [Lease], now: Moment) {
        let longest = configuration.subnets.map(\.leaseTime).max() ?? .zero
        let table = LeaseTable(
            leases,
            identification: configuration.identification,
            longest: max(longest, configuration.quarantine),
            now: now
        )
        self.init(
            configuration: configuration,
            authority: authority,
            table: table,
            loops: LoopGuard(configuration: configuration.loopGuard),
            pools: [],
            now: now
        )
    }

    /// The same server under another configuration: leases, offers, what was probed and who loops stay.
    func reconfigured(_ configuration: DHCPConfiguration, now: Moment) -> DHCPServer {
        let isSameGuard = configuration.loopGuard == self.configuration.loopGuard
        var server = DHCPServer(
            configuration: configuration,
            authority: authority,
            table: leases,
            loops: isSameGuard ? loops : LoopGuard(configuration: configuration.loopGuard),
            pools: subnets.flatMap(\.pools),
            now: now
        )
        server.ownAddresses = ownAddresses
        return server
    }

    private init(
        configuration: DHCPConfiguration,
        authority: any BootAuthority,
        table: LeaseTable,
        loops: LoopGuard,
        pools: [AddressPool],
        now: Moment
    ) {
        self.configuration = configuration
        self.authority = authority
        leases = table
        self.loops = loops
        let probes = configuration.probesAddresses
        subnets = configuration.subnets.map { subnet in
            SubnetState(
                subnet: subnet,
                options: subnet.encodedOptions(),
                pools: subnet.pools.map {
                    AddressPool(range: $0.range, probes: probes, continuing: pools, now: now)
                }
            )
        }
    }

    /// What is known about the sender of a packet while it is answered.
    struct Request {
        var packet: DHCPPacket
        var arrival: DHCPArrival
        var client: BootClient
        var key: LeaseTable.Client
        var relay: RelayAgentInformation?
        /// Indices of the subnets that it may get an address in; the first is the one of its link.
        var subnets: [Int]
        /// Our address as this client reaches it: server identifier, `siaddr`, source.
        var serverAddress: IPv4Address
        /// Option 54 for it: `serverAddress`, unless its relay wants to be asked instead (RFC 5107).
        var serverIdentifier: IPv4Address
        var now: Moment
    }

    /// Answers one packet that came to port 67.
    mutating func receive(_ packet: DHCPPacket, from arrival: DHCPArrival, now: Moment) -> DHCPOutcome {
        guard packet.operation == .request else { return .ignore(.notARequest) }
        guard let type = packet.messageType else { return .ignore(.messageType) }
        if type == .leaseQuery { return leaseQuery(packet, from: arrival, now: now) }
        guard
            packet.giaddr != .any || !packet.options.contains(.relayAgentInformation)
                || configuration.acceptsUnrelayedOption82
        else { return .ignore(.unrelayed) }
        guard let client = BootClient(packet, ipxeClasses: configuration.ipxeUserClasses) else {
            return .ignore(.architecture)
        }
        guard let key = self.client(of: packet, mac: client.identity.mac) else { return .ignore(.unidentified) }
        guard let request = request(packet, from: arrival, client: client, key: key, now: now) else {
            return .ignore(.noSubnet)
        }
        switch type {
        case .discover: return discover(request)
        case .request: return self.request(request)
        case .decline: return decline(request)
        case .release: return release(request)
        case .inform: return inform(request)
        default: return .ignore(.messageType)
        }
    }

    /// Who the client is to the lease table; nil when it says nothing that tells it from others.
    func client(of packet: DHCPPacket, mac: MACAddress?) -> LeaseTable.Client? {
        let identifier = packet.options.clientIdentifier
        let mac = packet.chaddr.mac ?? mac
        guard mac != nil || !identifier.isEmpty else { return nil }
        return LeaseTable.Client(
            mac: mac ?? MACAddress(rawValue: 0),
            identifier: identifier,
            configuration.identification
        )
    }

    private func request(
        _ packet: DHCPPacket,
        from arrival: DHCPArrival,
        client: BootClient,
        key: LeaseTable.Client,
        now: Moment
    ) -> Request? {
        let relay = packet.options[.relayAgentInformation].flatMap { RelayAgentInformation(parsing: $0) }
        let subnets = self.subnets(for: packet, relay: relay, arrival: arrival)
        guard let first = subnets.first else { return nil }
        let network =
            packet.giaddr == .any
            ? self.subnets[first].subnet.network
            : IPv4Network(containing: packet.giaddr, prefixLength: self.subnets[first].subnet.network.prefixLength)
        guard let address = arrival.link.address(facing: network) else { return nil }
        return Request(
            packet: packet,
            arrival: arrival,
            client: client,
            key: key,
            relay: relay,
            subnets: subnets,
            serverAddress: address,
            serverIdentifier: relay?.serverIdentifierOverride ?? address,
            now: now
        )
    }

    /// The subnets that a client is in: the one that its relay names (RFC 3527) or that it names itself (RFC 3011),
    /// the relay's own, that of the address that it renews from afar, or those of the link.
    private func subnets(
        for packet: DHCPPacket,
        relay: RelayAgentInformation?,
        arrival: DHCPArrival
    ) -> [Int] {
        var point = relay?.linkSelection ?? packet.options.address(.subnetSelection)
        if point == nil, packet.giaddr != .any { point = packet.giaddr }
        if point == nil, packet.ciaddr != .any, arrival.isUnicast, packet.messageType != .inform {
            point = packet.ciaddr
        }
        if let point {
            let found = subnets.indices.filter { subnets[$0].subnet.network.contains(point) }
            if !found.isEmpty || packet.giaddr != .any { return found }
        }
        return subnets.indices.filter { index in
            let network = subnets[index].subnet.network
            return arrival.link.addresses.contains { network.contains($0.address) }
                || arrival.link.configured.map(network.contains) ?? false
        }
    }

    /// The lease of a change is on the disk.
    mutating func written(_ change: LeaseTable.Change) { leases.written(change) }

    /// The lease of a change could not be written.
    /// - Returns: true when its reply may leave all the same: it only prolongs what the ledger has.
    mutating func notWritten(_ change: LeaseTable.Change) -> Bool {
        if change.isRenewal { return true }
        leases.revert(change)
        return false
    }

    /// True for an address that means this server when a client names it.
    func isOurs(_ identifier: IPv4Address, _ request: Request) -> Bool {
        identifier == request.serverIdentifier || request.arrival.link.has(identifier)
            || ownAddresses.contains(identifier)
    }
}
