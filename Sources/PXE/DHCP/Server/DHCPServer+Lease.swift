import Vocabulary

/// DISCOVER and REQUEST: how a client comes by a lease and keeps it (RFC 2131 §4.3.1, §4.3.2).
extension DHCPServer {
    mutating func discover(_ request: Request) -> DHCPOutcome {
        let host = authority.host(for: request.client.identity)
        var observations: [Observation] = []
        if request.client.kind != .other {
            observations.append(
                .discovered(request.client.identity, client: request.client.kind, interface: request.arrival.link.name)
            )
        }
        guard let assignment = assign(request, host: host) else {
            observations += exhausted(request)
            return DHCPOutcome(ignored: .noAddress, observations: observations)
        }
        leases.offer(assignment.address, to: request.key, until: request.now.uptime + configuration.offerTime)
        var packet = reply(.offer, to: request)
        packet.yiaddr = assignment.address
        observations += fill(&packet, for: request, host: host, subnet: assignment.subnet)
        return DHCPOutcome(reply: finish(packet, request), observations: observations)
    }

    /// Which of its states the client is in shows in what it fills in (RFC 2131 §4.3.2, table 4).
    mutating func request(_ request: Request) -> DHCPOutcome {
        let requested = request.packet.options.address(.requestedAddress)
        if request.packet.options.contains(.serverIdentifier) {
            guard let chosen = request.packet.options.address(.serverIdentifier), isOurs(chosen, request) else {
                if let address = leases.withdrawOffer(to: request.key) { giveBack(address) }
                return .ignore(.otherServer)
            }
            guard let address = requested ?? nonZero(request.packet.ciaddr) else { return .ignore(.messageType) }
            return selecting(address, request)
        }
        if let ciaddr = nonZero(request.packet.ciaddr) { return renewing(ciaddr, request) }
        guard let requested else { return .ignore(.messageType) }
        return rebooting(requested, request)
    }

    /// SELECTING: the client takes our offer.
    private mutating func selecting(_ address: IPv4Address, _ request: Request) -> DHCPOutcome {
        let host = authority.host(for: request.client.identity)
        guard let assignment = allowed(address, request, host) else { return nak("not offered", request) }
        return acknowledge(assignment, request, host)
    }

    /// INIT-REBOOT: the client remembers an address from before.
    private mutating func rebooting(_ address: IPv4Address, _ request: Request) -> DHCPOutcome {
        guard isOnNetwork(address, request) else { return refuse("wrong network", request) }
        let host = authority.host(for: request.client.identity)
        guard isKnown(request, host) else { return .ignore(.unknownClient) }
        guard let assignment = allowed(address, request, host), isRecorded(address, request, host) else {
            return refuse("not your address", request)
        }
        return acknowledge(assignment, request, host)
    }

    /// RENEWING, asked alone, and REBINDING, asked with everybody.
    private mutating func renewing(_ address: IPv4Address, _ request: Request) -> DHCPOutcome {
        guard isOnNetwork(address, request) else { return refuse("wrong network", request) }
        let host = authority.host(for: request.client.identity)
        let isKnown = isKnown(request, host)
        guard isKnown || request.arrival.isUnicast else { return .ignore(.unknownClient) }
        guard let assignment = allowed(address, request, host), isRecorded(address, request, host) else {
            return refuse("not your address", request)
        }
        return acknowledge(assignment, request, host)
    }

    /// `address` as one that this client may have now: its reservation, or free in a pool of its own; an address of a
    /// pool is not for a client that has a reservation it could have instead.
    private func allowed(_ address: IPv4Address, _ request: Request, _ host: Host?) -> Assignment? {
        let now = request.now.uptime
        guard leases.isFree(address, for: request.key, now: now) else { return nil }
        if let reserved = reservation(request, host) {
            if reserved.address == address { return reserved }
            if leases.isFree(reserved.address, for: request.key, now: now) { return nil }
        }
        return pooled(address, request)
    }

    private func isOnNetwork(_ address: IPv4Address, _ request: Request) -> Bool {
        request.subnets.contains { subnets[$0].subnet.network.isHost(address) }
    }

    /// There is a record of the client: a lease, even if it is over, or a description.
    private func isKnown(_ request: Request, _ host: Host?) -> Bool {
        !leases.addresses(of: request.key).isEmpty || reservation(request, host) != nil
    }

    /// There is a record of the client with this address.
    private func isRecorded(_ address: IPv4Address, _ request: Request, _ host: Host?) -> Bool {
        leases.addresses(of: request.key).contains(address) || reservation(request, host)?.address == address
    }

    private mutating func acknowledge(_ assignment: Assignment, _ request: Request, _ host: Host?) -> DHCPOutcome {
        let options = request.packet.options
        var packet = reply(.ack, to: request)
        packet.ciaddr = request.packet.ciaddr
        packet.yiaddr = assignment.address
        let observations = fill(&packet, for: request, host: host, subnet: assignment.subnet)
        let duration = Duration.seconds(Int64(packet.options.uint32(.leaseTime) ?? 60))
        let lease = Lease(
            address: assignment.address,
            mac: request.client.identity.mac ?? MACAddress(rawValue: 0),
            clientIdentifier: options.clientIdentifier,
            expiry: request.now.wall + duration,
            hostName: options.text(.hostName),
            relay: nonZero(request.packet.giaddr)
        )
        if let rest = rest(of: lease, request, wanted: duration) {
            leases.heard(request.key, at: lease.address, now: request.now.uptime)
            setTimes(rest, in: &packet)
            return DHCPOutcome(reply: finish(packet, request), observations: observations)
        }
        let change = leases.apply(binding(lease, request, until: request.now.uptime + duration))
        return DHCPOutcome(reply: finish(packet, request), change: change, observations: observations)
    }

    /// What is left of a lease that the client has and that says the same, if that is nearly all that it would get: a
    /// machine asks twice in each boot, and what is on the disk already need not be written before it is answered.
    ///
    /// - Returns: seconds; nil when the lease is to be prolonged.
    private func rest(of lease: Lease, _ request: Request, wanted: Duration) -> UInt32? {
        guard let known = leases.bindings[lease.address], known.isWritten, known.client == request.key else {
            return nil
        }
        var same = lease
        same.expiry = known.lease.expiry
        let left = known.expiry - request.now.uptime
        guard same == known.lease, left <= wanted, left >= wanted * 0.875 else { return nil }
        // After a step of the wall clock, what is on the disk says something else.
        let difference = known.lease.expiry - (request.now.wall + left)
        guard difference < .seconds(2), difference > .seconds(-2) else { return nil }
        return UInt32(clamping: left.components.seconds)
    }

    func binding(_ lease: Lease, _ request: Request, until expiry: Duration) -> LeaseTable.Binding {
        LeaseTable.Binding(client: request.key, lease: lease, expiry: expiry, heard: request.now.uptime)
    }

    func nonZero(_ address: IPv4Address) -> IPv4Address? { address == .any ? nil : address }

    // MARK: No

    /// NAK where we are the authority for the network, silence where we are not.
    private func refuse(_ reason: String, _ request: Request) -> DHCPOutcome {
        configuration.isAuthoritative ? nak(reason, request) : .ignore(.unknownClient)
    }

    private func nak(_ reason: String, _ request: Request) -> DHCPOutcome {
        var packet = reply(.nak, to: request)
        packet.options.set(.message, to: reason)
        // A relay must broadcast it: the client's address is just what is wrong (RFC 2131 §4.3.2).
        if packet.giaddr != .any { packet.wantsBroadcast = true }
        return DHCPOutcome(reply: finish(packet, request))
    }

    /// Once a minute a pool.
    private mutating func exhausted(_ request: Request) -> [Observation] {
        guard let index = request.subnets.first(where: { !subnets[$0].pools.isEmpty }) else { return [] }
        let now = request.now.uptime
        if let reported = subnets[index].reportedExhausted, now - reported < .seconds(60) { return [] }
        subnets[index].reportedExhausted = now
        return [.poolExhausted(subnets[index].subnet.network)]
    }
}
