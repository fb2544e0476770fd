import Vocabulary

/// Everything that people wrote, in memory, as the boot plane asks for it.
///
/// Filled once and then kept by the deltas of the commits: applying one costs what it changed. Every look-up is a hash
/// or two, however many machines there are.
public struct Snapshot: Sendable {
    /// All but the ways to find machines: a copy of it is cheap to take, and cheap for the commits that follow.
    struct Contents: Sendable {
        var sequence: Int64
        var profiles: [String: Profile] = [:]
        var assignments = AssignmentResolver()
        var releases: [String: [Release]] = [:]
        var meant: [String: Int] = [:]
        var table = MachineTable()
    }

    private(set) var contents: Contents
    private var byName: [String: Int32] = [:]
    private var byMAC: [MACAddress: Int32] = [:]
    private var byUUID: [MachineUUID: Int32] = [:]
    private var bySerial: [String: Int32] = [:]
    private var byAddress: [IPv4Address: Int32] = [:]

    public init(sequence: Int64 = 0) { contents = Contents(sequence: sequence) }

    public init(sequence: Int64, changes: some Sequence<InventoryChange>) {
        self.init(sequence: sequence)
        for change in changes { apply(change) }
    }

    /// The commit that it shows.
    public var sequence: Int64 { contents.sequence }
    public var profiles: [String: Profile] { contents.profiles }
    public var assignments: AssignmentResolver { contents.assignments }
    /// By profile, oldest first.
    public var releases: [String: [Release]] { contents.releases }
    /// By profile, the number of the release that its machines are meant to have, where that is not the newest.
    public var meantReleases: [String: Int] { contents.meant }

    /// - Returns: false, with nothing changed, when `delta` does not follow the commit that this shows: commits are
    ///   missing and the inventory has to be read again. A delta that is already in is fine.
    public mutating func apply(_ delta: InventoryDelta) -> Bool {
        if delta.sequence <= sequence { return true }
        guard delta.sequence == sequence + 1 else { return false }
        for change in delta.changes { apply(change) }
        contents.sequence = delta.sequence
        return true
    }

    /// Makes room for so many machines at once instead of step by step.
    public mutating func reserveCapacity(machines: Int) {
        byName.reserveCapacity(machines)
        byMAC.reserveCapacity(machines)
    }

    mutating func apply(_ change: InventoryChange) {
        switch change {
        case .machine(let machine): insert(machine)
        case .machineRemoved(let name): removeMachine(name)
        case .profile(let profile): contents.profiles[profile.name] = profile
        case .profileRemoved(let name):
            contents.profiles[name] = nil
            contents.releases[name] = nil
            contents.meant[name] = nil
        case .assignment(let assignment): contents.assignments.insert(assignment)
        case .assignmentRemoved(let identity): contents.assignments.remove(identity)
        case .release(let release):
            var list = contents.releases[release.profile] ?? []
            list.removeAll { $0.number == release.number }
            list.append(release)
            list.sort { $0.number < $1.number }
            contents.releases[release.profile] = list
        case .meant(let profile, let release): contents.meant[profile] = release
        }
    }
}

// MARK: Machines

extension Snapshot {
    public var machineCount: Int { byName.count }

    /// Every machine, in no order.
    public var machines: some Sequence<Machine> { contents.table.machines }

    public func machine(named name: String) -> Machine? { byName[name].flatMap { contents.table[$0] } }
    public func machine(mac: MACAddress) -> Machine? { byMAC[mac].flatMap { contents.table[$0] } }

    /// The machine that somebody claims to be: by MAC, else by UUID in either byte order (SMBIOS before 2.6), else by
    /// serial. Placeholders never get here: `MachineIdentity` drops them.
    public func machine(for identity: MachineIdentity) -> Machine? {
        if let mac = identity.mac, let found = byMAC[mac] { return contents.table[found] }
        if let uuid = identity.uuid, let found = byUUID[uuid] ?? byUUID[uuid.byteSwapped] {
            return contents.table[found]
        }
        if let serial = identity.serial, let found = bySerial[serial] { return contents.table[found] }
        return nil
    }

    /// The address reserved for a network card.
    public func reservation(for mac: MACAddress) -> IPv4Address? { machine(mac: mac)?.address(of: mac) }

    /// The network card that an address is reserved for.
    public func holder(of address: IPv4Address) -> MACAddress? {
        guard let slot = byAddress[address], let machine = contents.table[slot] else { return nil }
        return machine.nics.first { $0.address == address }?.mac
    }

    /// Every reserved address: no pool may give them to another.
    public var reservedAddresses: some Sequence<IPv4Address> { byAddress.keys }

    private mutating func insert(_ machine: Machine) {
        removeMachine(machine.name)
        let slot = contents.table.insert(machine)
        byName[machine.name] = slot
        for nic in machine.nics {
            byMAC[nic.mac] = slot
            if let address = nic.address { byAddress[address] = slot }
        }
        if let uuid = machine.uuid { byUUID[uuid] = slot }
        if let serial = machine.serial { bySerial[serial] = slot }
    }

    private mutating func removeMachine(_ name: String) {
        guard let slot = byName.removeValue(forKey: name), let machine = contents.table.remove(slot) else { return }
        // Within one commit a MAC or an address may already be a machine's that was written before this one.
        for nic in machine.nics {
            if byMAC[nic.mac] == slot { byMAC[nic.mac] = nil }
            if let address = nic.address, byAddress[address] == slot { byAddress[address] = nil }
        }
        if let uuid = machine.uuid, byUUID[uuid] == slot { byUUID[uuid] = nil }
        if let serial = machine.serial, bySerial[serial] == slot { bySerial[serial] = nil }
    }
}

// MARK: Profiles and images

extension Snapshot {
    /// The profile that a machine gets: its own, else what the assignments say; nil when they say nothing.
    public func profileName(
        of machine: Machine,
        identity: MachineIdentity = MachineIdentity(),
        address: IPv4Address? = nil
    ) -> String? {
        machine.profile
            ?? assignments.resolve(AssignmentSubject(machine: machine, identity: identity, address: address))?.profile
    }

    /// Why a machine gets the profile that it gets.
    public func explain(
        _ machine: Machine,
        identity: MachineIdentity = MachineIdentity(),
        address: IPv4Address? = nil
    ) -> AssignmentExplanation {
        let subject = AssignmentSubject(machine: machine, identity: identity, address: address)
        return assignments.explain(subject, ownProfile: machine.profile)
    }

    /// The newest release of a profile.
    public func latestRelease(of profile: String) -> Release? { releases[profile]?.last }

    /// The release that a profile's machines are meant to have: what the last roll was for, else the newest.
    public func meantRelease(of profile: String) -> Release? {
        contents.meant[profile].flatMap { release($0, of: profile) } ?? latestRelease(of: profile)
    }

    public func release(_ number: Int, of profile: String) -> Release? {
        releases[profile]?.first { $0.number == number }
    }
}
