import Vocabulary

/// What stands in a reply (RFC 2131 §4.3.1, table 3).
extension DHCPServer {
    /// A reply that has what all replies have. `giaddr`, `flags` and `chaddr` are the request's; nothing else is.
    func reply(_ type: DHCPMessageType, to request: Request) -> DHCPPacket {
        var packet = DHCPPacket(replyTo: request.packet)
        packet.options.set(.messageType, to: CollectionOfOne(type.rawValue))
        packet.options.set(.serverIdentifier, to: request.serverIdentifier)
        return packet
    }

    /// Lease times, what the client asked for in its order, and what it boots.
    /// - Returns: what there is to report.
    mutating func fill(
        _ packet: inout DHCPPacket,
        for request: Request,
        host: Host?,
        subnet index: Int,
        withLease: Bool = true
    ) -> [Observation] {
        let state = subnets[index]
        if withLease {
            let seconds = leaseSeconds(request, state.subnet)
            setTimes(seconds, in: &packet)
        }
        packet.siaddr = request.serverAddress
        appendAsked(to: &packet, request, host, state)
        return appendBoot(to: &packet, request, host)
    }

    /// How long a lease is, in seconds, and when its client asks again (RFC 2131 §4.4.5).
    func setTimes(_ seconds: UInt32, in packet: inout DHCPPacket) {
        packet.options.set(.leaseTime, to: seconds)
        packet.options.set(.renewalTime, to: seconds / 2)
        packet.options.set(.rebindingTime, to: UInt32(UInt64(seconds) * 7 / 8))
    }

    /// The configured time, or what the client asks for if that is less, but never less than a minute.
    private func leaseSeconds(_ request: Request, _ subnet: DHCPSubnet) -> UInt32 {
        guard let wanted = request.packet.options.uint32(.leaseTime) else { return subnet.leaseSeconds }
        return min(max(60, wanted), subnet.leaseSeconds)
    }

    /// A client that sends no list gets what every client needs. The mask always comes before the routers
    /// (RFC 2132 §3.3).
    private func appendAsked(to packet: inout DHCPPacket, _ request: Request, _ host: Host?, _ state: SubnetState) {
        packet.options.set(.subnetMask, to: state.subnet.network.mask)
        let asked = request.packet.options[.parameterRequestList] ?? Self.usual[...]
        for raw in asked {
            let code = DHCPOptionCode(rawValue: raw)
            if let value = state.options[code] {
                packet.options.set(code, to: value)
            } else if code == .hostName, let name = host?.name {
                packet.options.set(code, to: name)
            }
        }
    }

    private static let usual: [UInt8] = [
        DHCPOptionCode.router, .domainNameServers, .domainName, .broadcastAddress,
    ].map(\.rawValue)

    private mutating func appendBoot(
        to packet: inout DHCPPacket,
        _ request: Request,
        _ host: Host?
    ) -> [Observation] {
        let client = request.client
        guard client.kind != .other else { return [] }
        let http = Endpoint(address: request.serverAddress, port: configuration.httpPort)
        var observations: [Observation] = []
        var loop = BootLoop.none
        if client.loadsLoaders, let mac = client.identity.mac {
            (loop, observations) = loops.observe(mac, xid: packet.xid, now: request.now)
        }
        let file = BootFile.choose(
            for: client,
            host: host,
            table: configuration.loaders,
            http: http,
            loop: loop
        )
        guard let file else { return observations }
        packet.set(file, for: client, from: request.serverAddress)
        if client.kind == .ipxe { packet.options.set(.ipxe, to: IPXEOptions.noProxyDHCP) }
        if packet.messageType == .ack, let name = file.name {
            observations.append(.loaderOffered(client.identity, loader: name))
        }
        return observations
    }

    /// What is copied from the request comes last, option 82 last of all (RFC 3046 §2.2, RFC 6842 §3).
    func finish(_ packet: DHCPPacket, _ request: Request) -> DHCPReply {
        var packet = packet
        packet.echo(request.packet)
        return DHCPReply(
            packet: packet,
            destination: .choose(for: packet, requestFrom: request.arrival.source),
            source: Endpoint(address: request.serverAddress, port: ReplyDestination.serverPort),
            limit: request.packet.replyLimit(mtu: request.arrival.link.mtu)
        )
    }
}
