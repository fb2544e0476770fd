import Vocabulary

/// The addresses of one range that nobody has, in the order in which they are given away: those first that nobody
/// ever had, then those whose lease has been over the longest.
///
/// Each is asked for on the link before it enters `ready` (RFC 2131 §3.1), while nobody waits. Only when a storm has
/// emptied the queue, an address is given without having been asked for; in the first moments after a start none is,
/// because the probes are on their way and clients ask again. A network behind a relay agent cannot be asked: its
/// pools give at once.
struct AddressPool: Sendable {
    /// Addresses that are kept ready, questions that are open at once, and questions that are begun at once.
    static let readyTarget = 4096
    static let probeLimit = 1024
    static let probeBurst = 64
    /// How long nothing that was not probed is given away after the start.
    static let patience = Duration.seconds(2)
    /// Between two searches for leases that are over, when there is nothing else.
    static let reclaimInterval = Duration.seconds(1)
    /// Between two walks through the whole range, for addresses that somebody had or that were reserved.
    static let retryInterval = Duration.seconds(60)

    /// What the link said about an address.
    enum Answer: Hashable, Sendable { case free, taken, unknown }

    let range: ClosedRange<IPv4Address>
    let probes: Bool
    private let started: Duration
    /// Whether the range is on a link of ours, so that its addresses have been asked for.
    private var isOnLink = false

    /// The next address that was never looked at; nil at the end.
    private var cursor: IPv4Address?
    /// The next one last.
    private var returned: [IPv4Address] = []
    private var ready: [IPv4Address] = []
    private var readyHead = 0
    private var readySet: Set<IPv4Address> = []
    private var probing: Set<IPv4Address> = []
    private var reclaimed: Duration?
    /// Found in use by somebody whom we know nothing of.
    private var taken: Set<IPv4Address> = []
    /// When the last walk through the range ended.
    private var walked: Duration = .zero

    /// - Parameter old: pools of the configuration before. What they asked for needs no asking again, and nobody waits
    ///   anew.
    init(range: ClosedRange<IPv4Address>, probes: Bool, continuing old: [AddressPool] = [], now: Moment) {
        let kept = old.filter { $0.probes == probes && $0.range.overlaps(range) }
        if let same = kept.first(where: { $0.range == range }) {
            self = same
            return
        }
        self.range = range
        self.probes = probes
        started = kept.map(\.started).min() ?? now.uptime
        isOnLink = kept.contains(where: \.isOnLink)
        cursor = range.lowerBound
        for pool in kept {
            ready += pool.ready[pool.readyHead...].filter { range.contains($0) && pool.readySet.contains($0) }
            probing.formUnion(pool.probing.filter(range.contains))
            taken.formUnion(pool.taken.filter(range.contains))
        }
        readySet = Set(ready)
    }

    /// An address for a client that has none.
    /// - Parameters:
    ///   - isFree: whether an address may be given away.
    ///   - reclaim: addresses whose lease is over, the best first.
    mutating func take(
        now: Duration,
        isFree: (IPv4Address) -> Bool,
        isUntouched: (IPv4Address) -> Bool,
        reclaim: () -> [IPv4Address]
    ) -> IPv4Address? {
        while readyHead < ready.count {
            let address = ready[readyHead]
            readyHead += 1
            if readySet.remove(address) != nil, isFree(address) { return address }
        }
        ready.removeAll(keepingCapacity: true)
        readyHead = 0
        if isOnLink, now - started < Self.patience { return nil }
        if !isOnLink { beginAgain(now) }
        return candidate(now: now, isFree: isFree, isUntouched: isUntouched, reclaim: reclaim)
    }

    /// Takes one address that a client asks for by name; false when it is not ready to be given.
    mutating func take(_ address: IPv4Address) -> Bool {
        guard range.contains(address) else { return false }
        return isOnLink ? readySet.remove(address) != nil : true
    }

    /// An address that was offered in vain.
    mutating func giveBack(_ address: IPv4Address) {
        guard range.contains(address), !readySet.contains(address) else { return }
        returned.insert(address, at: 0)
    }

    /// Addresses to ask for on the link now.
    mutating func addressesToProbe(
        now: Duration,
        isFree: (IPv4Address) -> Bool,
        isUntouched: (IPv4Address) -> Bool,
        reclaim: () -> [IPv4Address]
    ) -> [IPv4Address] {
        guard probes else { return [] }
        isOnLink = true
        beginAgain(now)
        var list: [IPv4Address] = []
        while list.count < Self.probeBurst, probing.count < Self.probeLimit,
            readySet.count + probing.count < Self.readyTarget,
            let address = candidate(now: now, isFree: isFree, isUntouched: isUntouched, reclaim: reclaim)
        {
            probing.insert(address)
            list.append(address)
        }
        return list
    }

    /// What became of a question. An address that is taken is asked for again when all others have been; one that
    /// could not be asked for, because the link was down, soon.
    mutating func probed(_ address: IPv4Address, _ answer: Answer) {
        guard probing.remove(address) != nil else { return }
        switch answer {
        case .free: if readySet.insert(address).inserted { ready.append(address) }
        case .taken: taken.insert(address)
        case .unknown: returned.insert(address, at: 0)
        }
    }

    /// Nobody will answer the open questions any more: the link is gone.
    mutating func abandonProbes() {
        returned.insert(contentsOf: probing.sorted(by: >), at: 0)
        probing = []
    }

    /// At the end of the range, now and then: from its beginning.
    private mutating func beginAgain(_ now: Duration) {
        guard cursor == nil, now - walked >= Self.retryInterval else { return }
        cursor = range.lowerBound
        taken = []
    }

    /// The next address that could be given, whether or not it was asked for.
    private mutating func candidate(
        now: Duration,
        isFree: (IPv4Address) -> Bool,
        isUntouched: (IPv4Address) -> Bool,
        reclaim: () -> [IPv4Address]
    ) -> IPv4Address? {
        while let address = cursor {
            cursor = address < range.upperBound ? address.advanced(by: 1) : nil
            if cursor == nil { walked = now }
            if isUntouched(address), isFree(address), isNew(address) { return address }
        }
        if returned.isEmpty, reclaimed.map({ now - $0 >= Self.reclaimInterval }) ?? true {
            reclaimed = now
            returned = reclaim().reversed()
        }
        while let address = returned.popLast() {
            if isFree(address), isNew(address) { return address }
        }
        return nil
    }

    private func isNew(_ address: IPv4Address) -> Bool {
        !readySet.contains(address) && !probing.contains(address) && !taken.contains(address)
    }
}
