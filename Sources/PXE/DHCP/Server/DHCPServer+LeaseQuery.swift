import Vocabulary

/// LEASEQUERY: relay agents and switches learn who has which address (RFC 4388).
extension DHCPServer {
    /// One question: by address, by hardware address or by client identifier (RFC 4388 §6.1).
    private enum Question {
        case address(IPv4Address)
        case client(LeaseTable.Client)
    }

    func leaseQuery(_ packet: DHCPPacket, from arrival: DHCPArrival, now: Moment) -> DHCPOutcome {
        guard packet.giaddr != .any, configuration.leaseQueryRelays.contains(packet.giaddr) else {
            return .ignore(.notPermitted)
        }
        guard let server = arrival.link.address(facing: nil) else { return .ignore(.noSubnet) }
        guard let question = question(packet) else { return .ignore(.unidentified) }
        var answer = DHCPPacket(replyTo: packet)
        let found: [LeaseTable.Binding]
        switch question {
        case .address(let address):
            guard subnets.contains(where: { $0.subnet.network.contains(address) }) else {
                return leaseAnswer(.leaseUnknown, answer, packet, server, arrival)
            }
            answer.ciaddr = address
            found = [leases.bindings[address]].compactMap { $0 }.filter { isActive($0, now) }
        case .client(let client):
            found = leases.addresses(of: client).compactMap { leases.bindings[$0] }.filter { isActive($0, now) }
                .sorted { $0.heard > $1.heard }
        }
        guard let binding = found.first else {
            if case .address = question { return leaseAnswer(.leaseUnassigned, answer, packet, server, arrival) }
            return leaseAnswer(.leaseUnknown, answer, packet, server, arrival)
        }
        describe(binding, others: found.dropFirst().map(\.lease.address), in: &answer, asked: packet, now: now)
        return leaseAnswer(.leaseActive, answer, packet, server, arrival)
    }

    private func question(_ packet: DHCPPacket) -> Question? {
        if let address = nonZero(packet.ciaddr) { return .address(address) }
        if let mac = packet.chaddr.mac { return .client(LeaseTable.Client(mac: mac)) }
        let identifier = packet.options.clientIdentifier
        guard !identifier.isEmpty else { return nil }
        let owner = leases.bindings.values.first { $0.lease.clientIdentifier == identifier }
        return .client(owner?.client ?? LeaseTable.Client(mac: MACAddress(rawValue: 0), identifier: identifier))
    }

    private func isActive(_ binding: LeaseTable.Binding, _ now: Moment) -> Bool {
        binding.lease.state == .bound && binding.expiry > now.uptime
    }

    private func describe(
        _ binding: LeaseTable.Binding,
        others: [IPv4Address],
        in answer: inout DHCPPacket,
        asked: DHCPPacket,
        now: Moment
    ) {
        answer.ciaddr = binding.lease.address
        if binding.lease.mac.rawValue != 0 { answer.chaddr = HardwareAddress(binding.lease.mac) }
        let left = UInt32(clamping: (binding.expiry - now.uptime).components.seconds)
        answer.options.set(.leaseTime, to: left)
        answer.options.set(
            .clientLastTransactionTime,
            to: UInt32(clamping: (now.uptime - binding.heard).components.seconds)
        )
        if !others.isEmpty { answer.options.set(.associatedAddresses, to: others) }
        if !binding.lease.clientIdentifier.isEmpty {
            answer.options.set(.clientIdentifier, to: binding.lease.clientIdentifier)
        }
    }

    private func leaseAnswer(
        _ type: DHCPMessageType,
        _ answer: DHCPPacket,
        _ request: DHCPPacket,
        _ server: IPv4Address,
        _ arrival: DHCPArrival
    ) -> DHCPOutcome {
        var packet = answer
        packet.options.set(.messageType, to: CollectionOfOne(type.rawValue))
        packet.options.set(.serverIdentifier, to: server)
        if let relay = request.options[.relayAgentInformation] { packet.options.set(.relayAgentInformation, to: relay) }
        let reply = DHCPReply(
            packet: packet,
            destination: .relay(Endpoint(address: packet.giaddr, port: ReplyDestination.serverPort)),
            source: Endpoint(address: server, port: ReplyDestination.serverPort),
            limit: request.replyLimit(mtu: arrival.link.mtu)
        )
        return DHCPOutcome(reply: reply)
    }
}
