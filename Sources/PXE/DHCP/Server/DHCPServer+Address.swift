import Vocabulary

/// Which address a client gets.
extension DHCPServer {
    /// An address, and the subnet that it lies in.
    struct Assignment {
        var address: IPv4Address
        var subnet: Int
        /// It is the client's by configuration: no pool need have it.
        var isReservation: Bool
    }

    /// The reservation; else what the client has, had or was offered; else what it asks for; else the next of a pool
    /// (RFC 2131 §4.3.1).
    mutating func assign(_ request: Request, host: Host?) -> Assignment? {
        let now = request.now.uptime
        for address in leases.expireOffers(now: now) { giveBack(address) }
        if let reserved = reservation(request, host), leases.isFree(reserved.address, for: request.key, now: now) {
            return reserved
        }
        let known =
            [leases.offer(to: request.key, now: now)].compactMap { $0 } + leases.addresses(of: request.key).reversed()
        for address in known {
            if let assignment = pooled(address, request), leases.isFree(address, for: request.key, now: now) {
                return assignment
            }
        }
        if let wanted = request.packet.options.address(.requestedAddress), leases.isUntouched(wanted),
            let assignment = pooled(wanted, request), takeFromPool(wanted, assignment.subnet)
        {
            return assignment
        }
        return next(request)
    }

    /// The address that is reserved for the client, if it fits the client's network. Clients with a pool of their own
    /// kind (a BMC on the machine's NIC) have no part in the machine's reservation.
    func reservation(_ request: Request, _ host: Host?) -> Assignment? {
        guard let address = host?.address,
            let subnet = request.subnets.first(where: { subnets[$0].subnet.network.contains(address) }),
            !hasOwnPool(request.client, in: subnet)
        else { return nil }
        return Assignment(address: address, subnet: subnet, isReservation: true)
    }

    /// `address` as one of the pools' that this client may use; nil when it is not, or is reserved for another.
    func pooled(_ address: IPv4Address, _ request: Request) -> Assignment? {
        for subnet in request.subnets {
            for pool in pools(for: request.client, in: subnet) where subnets[subnet].pools[pool].range.contains(address)
            {
                return isForPools(address, client: request.client.identity.mac)
                    ? Assignment(address: address, subnet: subnet, isReservation: false) : nil
            }
        }
        return nil
    }

    private mutating func next(_ request: Request) -> Assignment? {
        let now = request.now.uptime
        let leases = self.leases
        let mac = request.client.identity.mac
        for subnet in request.subnets {
            for pool in pools(for: request.client, in: subnet) {
                let range = subnets[subnet].pools[pool].range
                let isFree = isFree(for: request.key, mac: mac, subnet: subnet, now: now)
                let address = subnets[subnet].pools[pool].take(
                    now: now,
                    isFree: isFree,
                    isUntouched: leases.isUntouched,
                    reclaim: { leases.reclaimable(in: range, now: now) }
                )
                if let address { return Assignment(address: address, subnet: subnet, isReservation: false) }
            }
        }
        return nil
    }

    /// A test that holds what it needs by value, for the length of one call of a pool.
    private func isFree(
        for client: LeaseTable.Client,
        mac: MACAddress?,
        subnet: Int,
        now: Duration
    ) -> (IPv4Address) -> Bool {
        let (leases, authority, own) = (leases, authority, ownAddresses)
        let (network, router) = (subnets[subnet].subnet.network, subnets[subnet].subnet.router)
        return { address in
            guard network.isHost(address), address != router, !own.contains(address) else { return false }
            let holder = authority.reservation(of: address)
            return (holder == nil || holder == mac) && leases.isFree(address, for: client, now: now)
        }
    }

    private func isForPools(_ address: IPv4Address, client mac: MACAddress?) -> Bool {
        guard !ownAddresses.contains(address) else { return false }
        let holder = authority.reservation(of: address)
        return holder == nil || holder == mac
    }

    private func hasOwnPool(_ client: BootClient, in subnet: Int) -> Bool {
        subnets[subnet].subnet.pools.contains { $0.vendorClass.map(client.vendorClass.hasPrefix) ?? false }
    }

    /// The pools of a client's own kind; when there is none, those for everybody.
    private func pools(for client: BootClient, in subnet: Int) -> [Int] {
        let all = subnets[subnet].subnet.pools
        if hasOwnPool(client, in: subnet) {
            return all.indices.filter { all[$0].vendorClass.map(client.vendorClass.hasPrefix) ?? false }
        }
        return all.indices.filter { all[$0].vendorClass == nil }
    }

    private mutating func takeFromPool(_ address: IPv4Address, _ subnet: Int) -> Bool {
        for pool in subnets[subnet].pools.indices where subnets[subnet].pools[pool].range.contains(address) {
            return subnets[subnet].pools[pool].take(address)
        }
        return false
    }

    mutating func giveBack(_ address: IPv4Address) {
        for subnet in subnets.indices where subnets[subnet].subnet.network.contains(address) {
            for pool in subnets[subnet].pools.indices { subnets[subnet].pools[pool].giveBack(address) }
        }
    }

    // MARK: Probing

    /// Pool addresses on networks of `link` to ask for now.
    mutating func addressesToProbe(on link: DHCPLink, now: Moment) -> [IPv4Address] {
        let nobody = LeaseTable.Client(mac: MACAddress(rawValue: 0))
        let leases = self.leases
        var list: [IPv4Address] = []
        for subnet in subnets.indices {
            let network = subnets[subnet].subnet.network
            guard link.addresses.contains(where: { network.contains($0.address) }) else { continue }
            let isFree = isFree(for: nobody, mac: nil, subnet: subnet, now: now.uptime)
            for pool in subnets[subnet].pools.indices {
                let range = subnets[subnet].pools[pool].range
                list += subnets[subnet].pools[pool].addressesToProbe(
                    now: now.uptime,
                    isFree: isFree,
                    isUntouched: leases.isUntouched,
                    reclaim: { leases.reclaimable(in: range, now: now.uptime) }
                )
            }
        }
        return list
    }

    /// `link` is gone, and with it the answers to what was asked on it.
    mutating func abandonProbes(on link: DHCPLink) {
        for subnet in subnets.indices {
            let network = subnets[subnet].subnet.network
            guard link.addresses.contains(where: { network.contains($0.address) }) else { continue }
            for pool in subnets[subnet].pools.indices { subnets[subnet].pools[pool].abandonProbes() }
        }
    }

    /// What the link said.
    mutating func probed(_ address: IPv4Address, _ answer: AddressPool.Answer) {
        for subnet in subnets.indices {
            for pool in subnets[subnet].pools.indices where subnets[subnet].pools[pool].range.contains(address) {
                subnets[subnet].pools[pool].probed(address, answer)
            }
        }
    }
}
