import Inventory
import Logging
import Rollout
import Synchronization
import Vocabulary

/// Joins the rollout engine to the fleet: shows it what machines do, stores what it decides together with what machines are
/// assigned, and has done what was stored.
///
/// Thread-safe. `state` has a mutex; whoever changes rolls has his turn first (`turns`), so that what is decided stands on
/// what is stored. Lock order: `state` is never held while the book's lock is taken.
final class RollDriver: Sendable {
    struct State: Sendable {
        /// As they are in the ledger, and what was seen since.
        var rows = FleetRows()
        var files: [RollID: RollFile] = [:]
        /// What the inventory is still to be told, by profile.
        var meant: [String: Meaning] = [:]
        /// The lease's; nil before it was taken.
        var epoch: Int?
        /// Somebody else took it: this process never drives again.
        var isFenced = false
        /// What came of errands and gates, until it is stored.
        var findings: [Finding] = []
        /// What this process has begun.
        var begun: Set<Work> = []
        /// Machines whose health is not stored as it is.
        var unwritten: Set<String> = []
        var learned = false
        /// How long rolls were held since the server started, all of them together.
        var held: Duration = .zero
        /// When the machines were last looked at, by the host's uptime; nil before.
        var lastHoldLook: Duration?
        var lastLook: Duration = .zero
        var lastSave: Duration = .zero
        var lastHealthSave: Duration = .zero
    }

    let state = Mutex(State())
    let turns = Turns()
    let authority: FleetAuthority
    let inventory: InventoryLink
    let hands: any RollHands
    let zones: ZoneOffsets
    let logger: Logger
    let jobs: AsyncStream<Work>
    let newJobs: AsyncStream<Work>.Continuation

    var ledger: LedgerStore { authority.ledger }
    var book: BootBook { authority.book }

    init(
        authority: FleetAuthority,
        inventory: InventoryLink,
        hands: any RollHands,
        ceilings: FleetRows.Ceilings,
        brake: FleetRows.Brake,
        zones: ZoneOffsets = .system,
        logger: Logger
    ) {
        self.authority = authority
        self.inventory = inventory
        self.hands = hands
        self.zones = zones
        self.logger = logger
        (jobs, newJobs) = AsyncStream.makeStream()
        state.withLock { state in
            state.rows.ceilings = ceilings
            state.rows.brake = brake
        }
    }

    /// Reads for whoever asks.
    var rows: FleetRows { state.withLock { $0.rows } }
}

// MARK: Starting

extension RollDriver {
    /// Takes over what the ledger knows, and the lease.
    ///
    /// - Throws: `InventoryError.Code.corrupt` for rows that this version cannot read.
    func load(_ ledger: LedgerState) throws {
        var loaded = State()
        let before = state.withLock { $0.rows }
        loaded.rows.ceilings = before.ceilings
        loaded.rows.brake = before.brake
        let documents = ledger.driver
        loaded.rows.lease = try DriverDocument.lease.value(documents) ?? DriverLease()
        loaded.rows.clock = try DriverDocument.clock.value(documents) ?? ReportClock()
        loaded.rows.clock.resume()
        // A thawed fleet has the document `null`.
        loaded.rows.freeze = try DriverDocument.freeze.value(documents, as: FleetRows.Freeze?.self) ?? nil
        loaded.rows.bootTimes = try DriverDocument.bootTimes.value(documents) ?? [:]
        let alarms: [Alarm] = try DriverDocument.alarms.value(documents) ?? []
        loaded.rows.alarms = Dictionary(alarms.map { ($0.key, $0) }, uniquingKeysWith: { $1 })
        loaded.meant = try DriverDocument.meant.value(documents) ?? [:]
        for record in ledger.rolls {
            let file: RollFile = try read(record.document)
            loaded.rows.rolls.append(file.row)
            loaded.files[file.row.id] = file
        }
        var parts: [String: RollPart] = [:]
        for member in ledger.rollMembers { parts[member.machine] = try read(member.document) }
        var health: [String: MachineHealthFile] = [:]
        for (machine, document) in ledger.machineHealth { health[machine] = try read(document) }
        let now = Moment.now()
        let described = authority.snapshot.read { $0.machines.map(\.name) }
        let machines = described.compactMap { name -> MachineRow? in
            guard var row = describe(name, over: nil) else { return nil }
            health[name]?.restore(&row)
            row.part = parts[name]
            row.boot = book.sight(of: name, now: now)?.state ?? row.boot
            return row
        }
        loaded.rows.put(machines)
        for name in described {
            guard let sight = book.sight(of: name, now: now) else { continue }
            loaded.rows.observe(name, boot: sight.state, open: sight.open, isHeard: sight.isHeard)
        }
        state.withLock { $0 = loaded }
        book.remember(
            parts.compactMapValues { part in
                part.phase.isInFlight ? (cause: part.roll.description, generation: part.generation) : nil
            }
        )
    }

    /// Takes the lease: whoever had it is fenced from here on.
    ///
    /// - Throws: `InventoryError` when it cannot be written; `DriverFenced` when this process has lost it before.
    func lead() async throws -> Int {
        let (epoch, lease, isFenced) = state.withLock { ($0.epoch, $0.rows.lease, $0.isFenced) }
        if let epoch { return epoch }
        guard !isFenced else { throw DriverFenced(epoch: lease.epoch, current: lease.epoch + 1) }
        var taken = lease
        let new = taken.take("muster")
        try await ledger.commit([DriverDocument.lease.row(taken)])
        state.withLock { state in
            state.rows.lease = taken
            state.epoch = new
            state.rows.clock.resume()
        }
        return new
    }
}

// MARK: What people wrote

extension RollDriver {
    /// Takes over what people wrote of these machines now; those that are gone have no part in anything.
    func describe(_ names: [String]) async {
        await turns.next {
            let old = rows
            var described: [MachineRow] = []
            var gone: Set<String> = []
            let now = Moment.now()
            for name in names {
                if var row = describe(name, over: old[name]) {
                    if old[name] == nil, let sight = book.sight(of: name, now: now) { row.boot = sight.state }
                    if old[name] != row { described.append(row) }
                } else {
                    gone.insert(name)
                }
            }
            guard !described.isEmpty || !gone.isEmpty else { return }
            let sights = described.filter { old[$0.name] == nil }.compactMap { book.sight(of: $0.name, now: now) }
            state.withLock { [described, gone] state in
                state.rows.put(described)
                state.rows.remove(gone)
                for sight in sights { state.see(sight) }
            }
            book.changes.ring()
        }
    }

    /// A machine as people describe it; nil when nobody does.
    private func describe(_ name: String, over old: MachineRow?) -> MachineRow? {
        guard let machine = authority.snapshot.read({ $0.machine(named: name) }) else { return nil }
        let (identity, address) = authority.known(machine)
        let plan = authority.planner.plan(for: machine, identity: identity, address: address)
        let images = plan.profile?.images ?? [:]
        var row = old ?? MachineRow(name: name, profile: "")
        row.profile = plan.profile?.name ?? ""
        // As it is given an image: who says nothing gets the only one there is, and BIOS says i386 on 64 bits.
        let said = plan.architecture ?? (images.count == 1 ? images.keys.first : nil) ?? .amd64
        row.architecture = said == .i386 && images[.i386] == nil ? .amd64 : said
        row.model = machine.model ?? ""
        row.labels = machine.labels
        row.state = MachineRow.State(machine.state)
        row.isPinned = plan.isPinned
        row.canBeRebooted = hands.canReboot(machine)
        return row
    }
}

extension MachineRow.State {
    fileprivate init(_ state: Machine.State) {
        switch state {
        case .active: self = .active
        case .maintenance: self = .maintenance
        case .retired, .rejected: self = .retired
        }
    }
}

extension RollDriver.State {
    /// Counts what passed since the last look for each roll that is held.
    mutating func countHolds(at uptime: Duration) {
        let count = rows.rolls.count { if case .held = $0.status { true } else { false } }
        if let last = lastHoldLook, last < uptime { held += (uptime - last) * count }
        lastHoldLook = max(lastHoldLook ?? uptime, uptime)
    }

    /// Takes over what the book says of a machine.
    mutating func see(_ sight: BootBook.Sight) {
        guard let before = rows[sight.machine] else { return }
        let known = rows.bootTimes[before.model]
        rows.observe(sight.machine, boot: sight.state, open: sight.open, isHeard: sight.isHeard)
        guard let after = rows[sight.machine] else { return }
        if MachineHealthFile(before) != MachineHealthFile(after) { unwritten.insert(sight.machine) }
        if rows.bootTimes[before.model] != known { learned = true }
    }
}
