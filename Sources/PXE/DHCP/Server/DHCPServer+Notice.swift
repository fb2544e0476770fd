import Vocabulary

/// DECLINE, RELEASE and INFORM: what a client tells, or asks beside a lease (RFC 2131 §4.3.3 to §4.3.5).
extension DHCPServer {
    /// The client found its address in use: nobody gets it for a while. No reply.
    mutating func decline(_ request: Request) -> DHCPOutcome {
        guard let server = request.packet.options.address(.serverIdentifier), isOurs(server, request) else {
            return .ignore(.otherServer)
        }
        let options = request.packet.options
        guard let address = options.address(.requestedAddress),
            leases.offer(to: request.key, now: request.now.uptime) == address
                || leases.addresses(of: request.key).contains(address)
        else { return .ignore(.unknownClient) }
        let mac = request.client.identity.mac ?? MACAddress(rawValue: 0)
        let lease = Lease(
            address: address,
            mac: mac,
            clientIdentifier: options.clientIdentifier,
            state: .declined,
            expiry: request.now.wall + configuration.quarantine,
            relay: nonZero(request.packet.giaddr)
        )
        let change = leases.apply(binding(lease, request, until: request.now.uptime + configuration.quarantine))
        return DHCPOutcome(change: change, observations: [.declined(address, by: mac)])
    }

    /// The client gives its address back; it is kept for it until another needs it. No reply.
    mutating func release(_ request: Request) -> DHCPOutcome {
        guard let server = request.packet.options.address(.serverIdentifier), isOurs(server, request) else {
            return .ignore(.otherServer)
        }
        guard let old = leases.bindings[request.packet.ciaddr], old.client == request.key, old.lease.state == .bound
        else { return .ignore(.unknownClient) }
        var lease = old.lease
        lease.state = .released
        lease.expiry = min(lease.expiry, request.now.wall)
        return DHCPOutcome(change: leases.apply(binding(lease, request, until: request.now.uptime)))
    }

    /// The client has an address from elsewhere and asks for the rest.
    mutating func inform(_ request: Request) -> DHCPOutcome {
        guard request.packet.ciaddr != .any else { return .ignore(.unidentified) }
        let host = authority.host(for: request.client.identity)
        let subnet =
            request.subnets.first { subnets[$0].subnet.network.contains(request.packet.ciaddr) } ?? request.subnets[0]
        var packet = reply(.ack, to: request)
        packet.ciaddr = request.packet.ciaddr
        let observations = fill(&packet, for: request, host: host, subnet: subnet, withLease: false)
        return DHCPOutcome(reply: finish(packet, request), observations: observations)
    }
}
