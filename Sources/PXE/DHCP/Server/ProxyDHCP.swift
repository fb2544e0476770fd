import Vocabulary

/// The boot half of DHCP: beside somebody else's server on port 67, and on port 4011 in every mode (PXE 2.1 §2.2).
/// Gives no addresses, keeps no leases, and is silent to everybody who does not boot.
struct ProxyDHCP {
    let configuration: DHCPConfiguration
    let authority: any BootAuthority
    private(set) var loops: LoopGuard

    /// - Parameter loops: what was counted under another configuration.
    init(configuration: DHCPConfiguration, authority: any BootAuthority, loops: LoopGuard? = nil) {
        self.configuration = configuration
        self.authority = authority
        self.loops = loops ?? LoopGuard(configuration: configuration.loopGuard)
    }

    mutating func receive(_ packet: DHCPPacket, from arrival: DHCPArrival, now: Moment) -> DHCPOutcome {
        guard packet.operation == .request else { return .ignore(.notARequest) }
        guard let client = BootClient(packet, ipxeClasses: configuration.ipxeUserClasses) else {
            return .ignore(.architecture)
        }
        guard client.kind != .other else { return .ignore(.notBooting) }
        if arrival.port == ReplyDestination.proxyPort { return bootServer(packet, client, arrival, now) }
        // A broadcast REQUEST is for the server that gives the address: an ACK of ours would confuse strict ROMs.
        guard packet.messageType == .discover else {
            return DHCPOutcome(ignored: .messageType, observations: relayed(packet, client))
        }
        return offer(packet, client, arrival, now)
    }

    /// What a relay's copy of a REQUEST tells: the address that its client takes from the other server. Nobody else can
    /// say whose an address behind a router is.
    private func relayed(_ packet: DHCPPacket, _ client: BootClient) -> [Observation] {
        guard packet.messageType == .request, packet.giaddr != .any, let mac = client.identity.mac else { return [] }
        let address = packet.ciaddr != .any ? packet.ciaddr : packet.options.address(.requestedAddress)
        guard let address, address != .any else { return [] }
        return [.addressed(address, mac: mac)]
    }

    /// A DISCOVER on port 67: what to boot, without an address.
    private mutating func offer(
        _ packet: DHCPPacket,
        _ client: BootClient,
        _ arrival: DHCPArrival,
        _ now: Moment
    ) -> DHCPOutcome {
        let seen = Observation.discovered(client.identity, client: client.kind, interface: arrival.link.name)
        guard let server = serverAddress(packet, arrival) else { return .ignore(.noSubnet) }
        var reply = DHCPPacket(replyTo: packet)
        reply.options.set(.messageType, to: CollectionOfOne(DHCPMessageType.offer.rawValue))
        reply.options.set(.serverIdentifier, to: server)
        guard let (file, observations) = fill(&reply, packet, client, server, now) else {
            return DHCPOutcome(ignored: .notBooting, observations: [seen])
        }
        reply.echo(packet)
        let offered = file.name.map { [Observation.loaderOffered(client.identity, loader: $0)] } ?? []
        return DHCPOutcome(
            reply: DHCPReply(
                packet: reply,
                destination: .choose(for: reply, requestFrom: arrival.source),
                source: Endpoint(address: server, port: ReplyDestination.serverPort),
                limit: packet.replyLimit(mtu: arrival.link.mtu)
            ),
            observations: [seen] + observations + offered
        )
    }

    /// Boot server discovery on port 4011: firmware that took an offer without option 43 for "ask there"
    /// (BINL), and clients that chose an item of a menu. The ACK has to leave from port 4011 too.
    private mutating func bootServer(
        _ packet: DHCPPacket,
        _ client: BootClient,
        _ arrival: DHCPArrival,
        _ now: Moment
    ) -> DHCPOutcome {
        let types: Set<DHCPMessageType> = [.request, .discover, .inform]
        guard let type = packet.messageType, types.contains(type) else { return .ignore(.messageType) }
        guard let server = serverAddress(packet, arrival) else { return .ignore(.noSubnet) }
        if let chosen = packet.options.address(.serverIdentifier), !arrival.link.has(chosen) {
            return .ignore(.otherServer)
        }
        var reply = DHCPPacket(replyTo: packet)
        reply.ciaddr = packet.ciaddr
        reply.options.set(.messageType, to: CollectionOfOne(DHCPMessageType.ack.rawValue))
        reply.options.set(.serverIdentifier, to: server)
        guard let (file, observations) = fill(&reply, packet, client, server, now) else {
            return .ignore(.notBooting)
        }
        answerBootItem(&reply, packet, client, file)
        reply.echo(packet)
        let offered = file.name.map { [Observation.loaderOffered(client.identity, loader: $0)] } ?? []
        return DHCPOutcome(
            reply: DHCPReply(
                packet: reply,
                destination: packet.giaddr != .any
                    ? .choose(for: reply, requestFrom: arrival.source)
                    : .choose(forRequestFrom: arrival.source, ciaddr: packet.ciaddr),
                source: Endpoint(address: server, port: ReplyDestination.proxyPort),
                limit: packet.replyLimit(mtu: arrival.link.mtu)
            ),
            observations: observations + offered
        )
    }

    /// Option 43 of an ACK: the type and layer that the client asked for (PXE 2.1 §2.2.3). To UEFI firmware that
    /// asked for none it must not be there: EDK2 takes an ACK with discovery control for another offer and gives up.
    private func answerBootItem(
        _ reply: inout DHCPPacket,
        _ packet: DHCPPacket,
        _ client: BootClient,
        _ file: BootFile
    ) {
        let asked = packet.options[.vendorInformation].flatMap { PXEVendorOptions(parsing: $0) }
        if let item = asked?.bootItem {
            var answer = PXEVendorOptions()
            answer.bootItem = item
            reply.options.set(.vendorInformation, to: answer.encoded)
        } else if client.kind == .pxe, client.architectures.first != .bios, file != .raspberryPi {
            reply.options.remove(.vendorInformation)
        }
    }

    private mutating func fill(
        _ reply: inout DHCPPacket,
        _ packet: DHCPPacket,
        _ client: BootClient,
        _ server: IPv4Address,
        _ now: Moment
    ) -> (BootFile, [Observation])? {
        var observations: [Observation] = []
        var loop = BootLoop.none
        if client.loadsLoaders, let mac = client.identity.mac {
            (loop, observations) = loops.observe(mac, xid: packet.xid, now: now)
        }
        let file = BootFile.choose(
            for: client,
            host: authority.host(for: client.identity),
            table: configuration.loaders,
            http: Endpoint(address: server, port: configuration.httpPort),
            loop: loop
        )
        guard let file else { return nil }
        reply.set(file, for: client, from: server)
        return (file, observations)
    }

    /// Never 0.0.0.0: iPXE refuses an offer without `siaddr`.
    private func serverAddress(_ packet: DHCPPacket, _ arrival: DHCPArrival) -> IPv4Address? {
        let peer = [packet.giaddr, packet.ciaddr].first { $0 != .any }
        let near = peer.flatMap { peer in arrival.link.addresses.first { $0.network?.contains(peer) == true } }
        return arrival.link.configured ?? near?.address ?? arrival.link.address(facing: nil)
    }
}
