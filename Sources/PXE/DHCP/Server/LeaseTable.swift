import Vocabulary

/// Who has which address, and who was offered which: the server's memory, as a value.
///
/// Time here is uptime. The wall clock may step by years; a lease given for an hour ends an hour later all the same.
struct LeaseTable: Sendable {
    /// What tells one client from another: a hardware address or a client identifier.
    struct Client: Hashable, Sendable {
        var mac: MACAddress
        /// Empty for clients known by their hardware address.
        var identifier: [UInt8] = []
    }

    struct Binding: Hashable, Sendable {
        var client: Client
        var lease: Lease
        /// By uptime.
        var expiry: Duration
        var heard: Duration
        /// It is on the disk as it is here.
        var isWritten = false
    }

    /// A binding that was made or changed, with what it replaced, in case that it cannot be written.
    struct Change: Sendable {
        var binding: Binding
        var previous: Binding?

        /// The same client had the address already, and still: the ledger knows it.
        var isRenewal: Bool {
            previous.map {
                $0.client == binding.client && $0.lease.state == .bound && $0.expiry > binding.heard
            } ?? false
        }
    }

    private struct Offer: Sendable {
        var client: Client
        var until: Duration
    }

    private(set) var bindings: [IPv4Address: Binding] = [:]
    private var addresses: [Client: [IPv4Address]] = [:]
    private var offers: [IPv4Address: Offer] = [:]
    private var offered: [Client: IPv4Address] = [:]
    /// Offers by age: all wait equally long.
    private var offerQueue: [IPv4Address] = []
    private var offerQueueHead = 0

    /// Begins with what was kept. What is left of a lease is what the wall clock says, but never more than
    /// `longest`: a clock that is years behind after a power cut must not make leases eternal.
    init(
        _ leases: [Lease] = [],
        identification: DHCPConfiguration.Identification = .hardwareAddress,
        longest: Duration = .seconds(86_400),
        now: Moment
    ) {
        for lease in leases {
            let left = min(max(.zero, lease.expiry - now.wall), longest)
            let client = Client(mac: lease.mac, identifier: lease.clientIdentifier, identification)
            put(Binding(client: client, lease: lease, expiry: now.uptime + left, heard: now.uptime, isWritten: true))
        }
    }

    // MARK: Reading

    /// The addresses that a client has or had, the latest last.
    func addresses(of client: Client) -> [IPv4Address] { addresses[client] ?? [] }

    /// The address that waits for a client's REQUEST.
    func offer(to client: Client, now: Duration) -> IPv4Address? {
        guard let address = offered[client], let offer = offers[address], offer.until > now else { return nil }
        return address
    }

    /// Whether an address can be given to a client: nobody else has it or was offered it, and it is not quarantined.
    func isFree(_ address: IPv4Address, for client: Client, now: Duration) -> Bool {
        if let offer = offers[address], offer.client != client, offer.until > now { return false }
        guard let binding = bindings[address], binding.expiry > now else { return true }
        switch binding.lease.state {
        case .bound: return binding.client == client
        case .declined: return false
        case .released: return true
        }
    }

    /// Whether nobody ever had an address and nobody is offered it.
    func isUntouched(_ address: IPv4Address) -> Bool { bindings[address] == nil && offers[address] == nil }

    /// Addresses in `range` whose lease is over, the longest over first.
    func reclaimable(in range: ClosedRange<IPv4Address>, now: Duration) -> [IPv4Address] {
        bindings.values
            .filter { range.contains($0.lease.address) && ($0.expiry <= now || $0.lease.state == .released) }
            .filter { offers[$0.lease.address] == nil }
            .sorted { ($0.expiry, $0.lease.address) < ($1.expiry, $1.lease.address) }
            .map(\.lease.address)
    }

    // MARK: Changing

    mutating func offer(_ address: IPv4Address, to client: Client, until: Duration) {
        if let old = offered[client], old != address { offers[old] = nil }
        if offers[address] == nil { offerQueue.append(address) }
        if let loser = offers[address]?.client, loser != client { offered[loser] = nil }
        offers[address] = Offer(client: client, until: until)
        offered[client] = address
    }

    /// Takes an offer back; harmless when there is none.
    /// - Returns: the address that is free again.
    @discardableResult
    mutating func withdrawOffer(to client: Client) -> IPv4Address? {
        guard let address = offered.removeValue(forKey: client) else { return nil }
        offers[address] = nil
        return address
    }

    /// Drops offers that were not taken up in time.
    /// - Returns: their addresses.
    mutating func expireOffers(now: Duration) -> [IPv4Address] {
        var expired: [IPv4Address] = []
        while offerQueueHead < offerQueue.count {
            let address = offerQueue[offerQueueHead]
            if let offer = offers[address] {
                if offer.until > now { break }
                offers[address] = nil
                if offered[offer.client] == address { offered[offer.client] = nil }
                expired.append(address)
            }
            offerQueueHead += 1
        }
        if offerQueueHead > 1024, offerQueueHead * 2 > offerQueue.count {
            offerQueue.removeFirst(offerQueueHead)
            offerQueueHead = 0
        }
        return expired
    }

    /// Binds an address, or changes what is bound to it.
    mutating func apply(_ binding: Binding) -> Change {
        let previous = bindings[binding.lease.address]
        put(binding)
        withdrawOffer(to: binding.client)
        return Change(binding: binding, previous: previous)
    }

    /// A change is on the disk.
    mutating func written(_ change: Change) {
        let address = change.binding.lease.address
        if bindings[address] == change.binding { bindings[address]?.isWritten = true }
    }

    /// The client was given again what it has: nothing that is kept changes.
    mutating func heard(_ client: Client, at address: IPv4Address, now: Duration) {
        bindings[address]?.heard = now
        withdrawOffer(to: client)
    }

    /// Undoes a change that could not be written, unless another has followed it.
    mutating func revert(_ change: Change) {
        let address = change.binding.lease.address
        guard bindings[address] == change.binding else { return }
        remove(address)
        if let previous = change.previous { put(previous) }
    }

    private mutating func put(_ binding: Binding) {
        let address = binding.lease.address
        if let old = bindings[address], old.client != binding.client { remove(address) }
        if bindings.updateValue(binding, forKey: address) == nil || addresses[binding.client]?.contains(address) != true
        {
            addresses[binding.client, default: []].append(address)
        }
    }

    private mutating func remove(_ address: IPv4Address) {
        guard let binding = bindings.removeValue(forKey: address) else { return }
        addresses[binding.client]?.removeAll { $0 == address }
        if addresses[binding.client]?.isEmpty == true { addresses[binding.client] = nil }
    }
}

extension LeaseTable.Client {
    init(mac: MACAddress, identifier: [UInt8], _ identification: DHCPConfiguration.Identification) {
        self.mac = mac
        let isNeeded = identification == .clientIdentifier || mac.rawValue == 0
        self.identifier = isNeeded ? identifier : []
        if isNeeded, !identifier.isEmpty { self.mac = MACAddress(rawValue: 0) }
    }
}
