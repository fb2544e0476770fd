import Inventory
import PXE
import Rollout
import Synchronization
import Vocabulary

/// Every machine's boots, in memory, by the rules of `Rollout`; what changes is handed on as rows for the ledger.
///
/// Thread-safe: one mutex, held for about a microsecond a call. Rows are handed on before it is let go of, so that they
/// are written in the order of the changes, whichever threads made them. It waits for nothing itself.
final class BootBook: Sendable {
    /// Takes rows, to write them behind those that it took before, and calls back once when they are on the disk or
    /// cannot be written. Returns at once; never calls back itself, but has another thread do it.
    typealias Commit =
        @Sendable (_ rows: [LedgerRow], _ done: @escaping @Sendable (_ written: Bool) -> Void) -> Void

    /// What `contents` guards. Slots are classes so that a hundred thousand of them lie in memory once.
    struct Contents {
        var slots: [String: MachineSlot] = [:]
        /// Open boots by id.
        var boots: [BootID: MachineSlot] = [:]
        var gate: DownloadGate
        /// Machines that said something about themselves since `takeFacts`.
        var saidSomething: Set<String> = []
        /// Boots whose health is due to be decided or asked for.
        var healthDue = DeadlineQueue<BootID>()
        /// The last boots of machines that said that these failed.
        var failed: [BootID: MachineSlot] = [:]
        let changes: ChangedMachines

        mutating func slot(of machine: String) -> MachineSlot {
            if let slot = slots[machine] { return slot }
            let slot = MachineSlot(machine: machine, changes: changes)
            slots[machine] = slot
            return slot
        }
    }

    let contents: Mutex<Contents>
    let changes = ChangedMachines()
    let commit: Commit

    init(downloads: DownloadGate.Limits, commit: @escaping Commit) {
        contents = Mutex(Contents(gate: DownloadGate(limits: downloads), changes: changes))
        self.commit = commit
    }

    /// Changes the book, and hands the rows of that on before anybody else can change it.
    ///
    /// - Parameters:
    ///   - body: says what is to be written. Nothing is handed on when that is nothing.
    ///   - done: is called later if anything was handed on.
    func change<Value>(
        done: @escaping @Sendable (_ written: Bool) -> Void = { _ in },
        _ body: (inout Contents) -> (Value, [LedgerRow])
    ) -> Value {
        contents.withLock { contents in
            let (value, rows) = body(&contents)
            if !rows.isEmpty { commit(rows, done) }
            return value
        }
    }

    /// Machines between script and last byte, and machines in line for a place.
    var load: (downloading: Int, waiting: Int) { contents.withLock { $0.gate.load } }

    /// Where a machine stands; nil for one that was never planned for.
    func standing(of machine: String) -> MachineStanding? {
        contents.withLock { contents in
            contents.slots[machine]?.standing
        }
    }

    func standings() -> [MachineStanding] {
        contents.withLock { contents in
            contents.slots.values.map(\.standing)
        }
    }

    /// The machine and image of an open boot.
    func boot(_ id: BootID) -> (machine: String, image: Digest)? {
        contents.withLock { contents in
            guard let slot = contents.boots[id], let open = slot.open else { return nil }
            return (slot.machine, open.image)
        }
    }
}

// MARK: Starting again

extension BootBook {
    /// Takes over what the ledger knows, and puts right what a crash left: a machine has one open boot.
    ///
    /// - Parameters:
    ///   - plan: what a profile comes to.
    ///   - timeline: what was written of a boot, to know what had been fetched.
    func load(
        _ ledger: LedgerState,
        now: Moment,
        plan: (String) -> ProfilePlan?,
        image: (Digest) -> BootImage?,
        timeline: (BootID) -> [TimelineEntry]
    ) {
        change { contents in
            for record in ledger.machineStates {
                contents.slots[record.machine] =
                    MachineSlot(machine: record.machine, state: record.state, changes: contents.changes)
            }
            for record in ledger.failedBoots {
                contents.slots[record.machine].map { contents.keepFailed(record.id, record.token, of: $0) }
            }
            var rows: [LedgerRow] = []
            for record in ledger.openBoots.sorted(by: { $0.id < $1.id }) {
                let slot = contents.slot(of: record.machine)
                if let older = slot.open, let details = slot.details {
                    contents.boots[older.id] = nil
                    let closed = ClosedBoot(boot: older, outcome: .superseded, reason: "a later boot was begun")
                    rows.append(
                        .boot(BootRecord(older, machine: slot.machine, details: details, end: (closed, now.wall)))
                    )
                }
                contents.reopen(record, in: slot, now: now, plan: plan, image: image, timeline: timeline)
            }
            return ((), rows)
        }
    }
}

extension BootBook.Contents {
    fileprivate mutating func reopen(
        _ record: BootRecord,
        in slot: MachineSlot,
        now: Moment,
        plan: (String) -> ProfilePlan?,
        image: (Digest) -> BootImage?,
        timeline: (BootID) -> [TimelineEntry]
    ) {
        let open = record.open(lastGood: slot.state.lastGood)
        slot.open = open
        slot.download = nil
        slot.details = BootDetails(
            mac: record.mac,
            profile: record.profile,
            plan: record.profile.flatMap(plan),
            release: record.release,
            architecture: record.architecture,
            spentTry: record.spentTry,
            token: record.token,
            facts: record.facts,
            cause: record.cause
        )
        if let facts = record.facts.flatMap(BootReport.facts) {
            slot.reportedFacts = facts
            saidSomething.insert(slot.machine)
        }
        boots[open.id] = slot
        let image = open.healthy == nil ? image(open.image) : nil
        slot.details?.hasAgent = image?.manifest.hasAgent ?? false
        if open.fetched == nil {
            let download = Download(
                BootInstructions(
                    boot: open.id,
                    machine: slot.machine,
                    mac: record.mac,
                    image: open.image,
                    commandLine: image?.manifest.commandLine ?? "",
                    hasInitrd: image.map { !$0.manifest.initrd.isEmpty } ?? true,
                    hasSegment: (slot.details?.plan).hasSegment(for: image?.manifest)
                ),
                bytes: image?.manifest.bytes ?? .max,
                now: now
            )
            for entry in timeline(open.id) {
                if entry.stage == .kernel { download.isKernelWhole = true }
                if entry.stage == .initrd { download.isInitrdWhole = true }
                if entry.stage == .segment { download.isSegmentWhole = true }
            }
            download.waiting = nil
            slot.download = download
        } else if open.healthy == nil {
            // Only time in which a new boot could have been seen counts: the wait begins again.
            watch(slot, now: now)
        }
    }

    /// Goes on hearing of orders from a system that said that it failed, until the machine boots again.
    mutating func keepFailed(_ boot: BootID, _ token: BootRecord.Token, of slot: MachineSlot) {
        forgetFailed(of: slot)
        guard case .given = token else { return }
        slot.failed = (boot, token)
        failed[boot] = slot
    }

    mutating func forgetFailed(of slot: MachineSlot) {
        guard let before = slot.failed else { return }
        failed[before.boot] = nil
        slot.failed = nil
    }

    /// Sees to it that the health of the slot's open boot is looked into.
    mutating func watch(_ slot: MachineSlot, now: Moment) {
        guard let open = slot.open, let details = slot.details else { return }
        switch details.health {
        case .reported: healthDue.insert(open.id, due: now.uptime + details.rules.silence)
        case .settled(let time): healthDue.insert(open.id, due: now.uptime + time)
        case .http, .tcp: healthDue.insert(open.id, due: now.uptime + .seconds(5))
        }
    }
}
