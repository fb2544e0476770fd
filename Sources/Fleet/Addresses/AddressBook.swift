import PXE
import Synchronization
import Vocabulary

/// Which network card is behind which IPv4 address: our leases, else the kernel's neighbour table, else what a relay
/// passed on. That is all that a request's origin proves about who asks.
///
/// Enough for what a machine may boot, which everybody may read. What it alone may have goes by `recipient`: a lease says
/// whose an address should be, the link says whose it is.
///
/// Guarded by one mutex that is held for a dictionary access; asking the kernel happens outside it.
final class AddressBook: Sendable {
    /// How the owner of an address on the link is found. Slow (a netlink exchange).
    typealias Neighbours = @Sendable (IPv4Address) -> Neighbour

    fileprivate struct Binding {
        var mac: MACAddress
        /// By the wall clock, as leases are.
        var expiry: Timestamp
    }
    fileprivate struct Seen {
        var mac: MACAddress?
        /// By `uptime`.
        var until: Duration
    }
    fileprivate struct Contents {
        var leases: [IPv4Address: Binding] = [:]
        var addresses: [MACAddress: IPv4Address] = [:]
        var relayed: [IPv4Address: Binding] = [:]
        var neighbours: [IPv4Address: Seen] = [:]
    }

    private let contents = Mutex(Contents())
    private let neighbours: Neighbours
    private let trusted: [IPv4Network]

    /// How long an answer of the neighbour table counts; a refusal counts for a moment only, because the entry may be
    /// about to appear.
    private static let memory: Duration = .seconds(30)
    private static let forgetfulness: Duration = .milliseconds(200)
    /// Addresses remembered at most, of neighbours and of relayed clients each.
    private static let limit = 65_536

    /// - Parameter trusted: networks whose requests are believed without proof.
    init(trusted: [IPv4Network], neighbours: @escaping Neighbours) {
        self.trusted = trusted
        self.neighbours = neighbours
    }

    /// Remembers what leases say; the latest state of each address wins.
    func record(_ leases: some Sequence<Lease>) {
        contents.withLock { contents in
            for lease in leases {
                if lease.state == .bound {
                    contents.leases[lease.address] = Binding(mac: lease.mac, expiry: lease.expiry)
                    contents.addresses[lease.mac] = lease.address
                } else {
                    contents.leases[lease.address] = nil
                    if contents.addresses[lease.mac] == lease.address { contents.addresses[lease.mac] = nil }
                }
            }
        }
    }

    /// A relay passed on that `mac` uses `address`, which another server gave it.
    func recordRelayed(_ address: IPv4Address, mac: MACAddress, now: Moment) {
        contents.withLock { contents in
            if contents.relayed.count >= Self.limit { contents.relayed.removeAll() }
            contents.relayed[address] = Binding(mac: mac, expiry: now.wall + .seconds(86_400))
            contents.addresses[mac] = address
        }
    }

    /// True when requests from `address` are believed whatever they claim.
    func trusts(_ address: IPv4Address) -> Bool { trusted.contains { $0.contains(address) } }

    /// The network card that has `address`; nil when nobody knows.
    func mac(of address: IPv4Address, now: Moment) -> MACAddress? {
        let known: (answer: MACAddress?, isSettled: Bool) = contents.withLock { contents in
            if let lease = contents.leases[address], lease.expiry > now.wall { return (lease.mac, true) }
            if let seen = contents.neighbours[address], seen.until > now.uptime {
                return (seen.mac ?? contents.relayedMAC(of: address, now: now), true)
            }
            return (nil, false)
        }
        if known.isSettled { return known.answer }
        let found: MACAddress? = if case .card(let mac) = neighbours(address) { mac } else { nil }
        return contents.withLock { contents in
            if contents.neighbours.count >= Self.limit { contents.neighbours.removeAll() }
            let memory = found == nil ? Self.forgetfulness : Self.memory
            contents.neighbours[address] = Seen(mac: found, until: now.uptime + memory)
            if let found { contents.addresses[found] = address }
            return found ?? contents.relayedMAC(of: address, now: now)
        }
    }

    /// Whose what is sent to `address` is, as the link says at this moment: its word counts before any lease, since
    /// somebody else may have taken the address. Behind a router there are only leases and relays to say it.
    func recipient(at address: IPv4Address, now: Moment) -> Neighbour {
        let neighbour = neighbours(address)
        guard neighbour == .beyond else { return neighbour }
        return contents.withLock { contents in
            let lease = contents.leases[address].flatMap { $0.expiry > now.wall ? $0.mac : nil }
            return (lease ?? contents.relayedMAC(of: address, now: now)).map(Neighbour.card) ?? .beyond
        }
    }

    /// The address that a network card was last known to have; nil when none is known.
    func address(of mac: MACAddress) -> IPv4Address? { contents.withLock { $0.addresses[mac] } }
}

extension AddressBook.Contents {
    fileprivate func relayedMAC(of address: IPv4Address, now: Moment) -> MACAddress? {
        relayed[address].flatMap { $0.expiry > now.wall ? $0.mac : nil }
    }
}
