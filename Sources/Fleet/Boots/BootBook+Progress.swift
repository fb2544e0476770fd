import Inventory
import PXE
import Rollout
import Vocabulary

/// What is seen of boots on the wire, and what is found out about their health.
extension BootBook {
    /// A PXE, HTTP-boot or iPXE client of the machine asked for an address.
    ///
    /// - Parameter architecture: what it said to be (option 93).
    func discovered(
        _ machine: String,
        architecture: Architecture? = nil,
        note: TimelineNote,
        now: Moment
    ) {
        change { contents in
            let slot = contents.slot(of: machine)
            slot.discoveredArchitecture = architecture ?? slot.discoveredArchitecture
            let rows = contents.close(slot, now: now)
            if slot.open == nil { slot.remember(note) }
            return ((), rows)
        }
    }

    /// Something of the time before the script.
    func seen(_ machine: String, note: TimelineNote) {
        contents.withLock { contents in
            let slot = contents.slot(of: machine)
            if slot.open?.fetched != nil || slot.open == nil { slot.remember(note) }
        }
    }

    enum Part: String, Sendable { case kernel, initrd, segment }

    /// Bytes of a machine's boot left.
    ///
    /// - Parameter image: the image that they are of, when the boot itself is not known.
    func transferred(
        _ part: Part,
        of machine: String,
        boot: BootID?,
        image: Digest?,
        transfer: Transfer,
        now: Moment
    ) {
        change { contents in
            guard let slot = contents.slots[machine], let open = slot.open, let download = slot.download,
                boot == nil || boot == open.id, image == nil || image == open.image
            else { return ((), []) }
            if !transfer.range.isEmpty {
                contents.gate.progressed(machine, now: now.uptime)
                download.lastProgress = now.uptime
            }
            guard download.add(transfer.range, of: transfer.total, to: part) else { return ((), []) }
            let note = TimelineNote(
                stage: TimelineEntry.Stage(rawValue: part.rawValue),
                detail: "\(transfer.total) bytes by \(transfer.carrier.rawValue) to \(transfer.peer)",
                time: now.wall
            )
            var rows = [note.row(of: open.id)]
            if download.isWhole { rows += contents.fetched(slot, now: now) }
            return ((), rows)
        }
    }

    /// Bytes of a blob left for a machine: of its boot's root, they are noted when it has all of them.
    func transferredBlob(_ digest: Digest, to machine: String, transfer: Transfer, now: Moment) {
        change { contents in
            guard let slot = contents.slots[machine], let open = slot.open, var root = slot.details?.root,
                root.digest == digest, !root.isWhole
            else { return ((), []) }
            root.coverage.insert(transfer.range, atMost: Download.pieces)
            root.isWhole = root.coverage.covers(transfer.total)
            slot.details?.root = root
            guard root.isWhole else { return ((), []) }
            let detail = "\(transfer.total) bytes by \(transfer.carrier.rawValue) to \(transfer.peer)"
            return ((), [TimelineNote(stage: .root, detail: detail, time: now.wall).row(of: open.id)])
        }
    }

    /// Looks at boots whose health is due: settled ones become healthy at once.
    /// - Returns: the machines that are to be asked.
    @discardableResult
    func healthDue(_ now: Moment) -> [HealthProbe] {
        change { contents in
            var rows: [LedgerRow] = []
            var probes: [HealthProbe] = []
            // Bounded, so that nobody waits long for the lock; the rest comes with the next look.
            while rows.count < 1000, probes.count < 256, let id = contents.healthDue.popDue(now.uptime) {
                guard let slot = contents.boots[id], let open = slot.open, open.healthy == nil,
                    let details = slot.details
                else { continue }
                switch details.health {
                case .reported: rows += contents.silent(slot, now: now)
                case .settled: rows += contents.healthy(slot, now: now)
                case .http, .tcp:
                    probes.append(
                        HealthProbe(boot: id, machine: slot.machine, mac: details.mac, check: details.health)
                    )
                }
            }
            return (probes, rows)
        }
    }

    /// How the health of a machine's open boot is found out; nil when there is nothing to find out.
    func probation(of machine: String) -> (check: HealthCheck, isUp: Bool, complaint: String?)? {
        contents.withLock { contents in
            guard let slot = contents.slots[machine], let open = slot.open, open.fetched != nil, open.healthy == nil
            else { return nil }
            return slot.details.map { ($0.health, open.up != nil, $0.complaint) }
        }
    }

    /// A machine was found healthy in that boot.
    func healthy(_ boot: BootID, now: Moment) {
        change { contents in ((), contents.boots[boot].map { contents.healthy($0, now: now) } ?? []) }
    }

    /// A machine did not answer: it is asked again.
    func askAgain(_ boot: BootID, after delay: Duration, because complaint: String, now: Moment) {
        contents.withLock { contents in
            guard let slot = contents.boots[boot] else { return }
            slot.details?.complaint = complaint
            contents.healthDue.insert(boot, due: now.uptime + delay)
        }
    }
}

/// A machine to ask whether it is well.
struct HealthProbe: Hashable, Sendable {
    var boot: BootID
    var machine: String
    var mac: MACAddress
    var check: HealthCheck
}

extension BootBook.Contents {
    fileprivate mutating func fetched(_ slot: MachineSlot, now: Moment) -> [LedgerRow] {
        guard var open = slot.open, let rules = slot.details?.rules else { return [] }
        let triesBefore = slot.state.triesLeft
        guard rules.fetchedWhole(&slot.state, open: &open, now: now.wall) else { return [] }
        slot.open = open
        slot.details?.spentTry = slot.state.triesLeft < triesBefore
        slot.download = nil
        gate.finished(slot.machine)
        watch(slot, now: now)
        let rows = [slot.stateRow] + [slot.bootRow].compactMap(\.self)
        guard slot.details?.cause != nil else { return rows }
        let message = "\(slot.machine) has all of \(open.image.short)"
        return rows + [EventKind.bootFetched.row(slot.machine, message, at: now.wall, cause: open.id.rawValue)]
    }

    /// A system that was to report has not.
    fileprivate func silent(_ slot: MachineSlot, now: Moment) -> [LedgerRow] {
        guard let open = slot.open, let rules = slot.details?.rules, rules.foundSilent(&slot.state, open: open) else {
            return []
        }
        let message = "\(slot.machine) has fetched \(open.image.short) and not said that it is up"
        let event = EventKind.bootSilent.row(slot.machine, message, at: now.wall, cause: open.id.rawValue)
        return [slot.stateRow, event]
    }

    fileprivate mutating func healthy(_ slot: MachineSlot, now: Moment) -> [LedgerRow] {
        guard var open = slot.open, let rules = slot.details?.rules,
            rules.foundHealthy(&slot.state, open: &open, now: now.wall)
        else { return [] }
        slot.open = open
        slot.download = nil
        gate.finished(slot.machine)
        return [slot.stateRow] + [slot.bootRow].compactMap(\.self) + slot.healthyRows(of: open, now: now)
    }
}

extension ByteCoverage {
    /// Adds a range, unless that would leave more pieces than any loader makes.
    mutating func insert(_ range: Range<UInt64>, atMost pieces: Int) {
        var more = self
        more.insert(range)
        if more.ranges.count <= pieces { self = more }
    }
}

extension Download {
    static let pieces = 256

    /// - Returns: true when this made the part whole.
    fileprivate func add(_ range: Range<UInt64>, of total: UInt64, to part: BootBook.Part) -> Bool {
        switch part {
        case .kernel:
            guard !isKernelWhole else { return false }
            kernel.insert(range, atMost: Self.pieces)
            isKernelWhole = kernel.covers(total)
            return isKernelWhole
        case .initrd:
            guard !isInitrdWhole else { return false }
            initrd.insert(range, atMost: Self.pieces)
            isInitrdWhole = initrd.covers(total)
            return isInitrdWhole
        case .segment:
            guard !isSegmentWhole else { return false }
            isSegmentWhole = range == 0..<total
            return isSegmentWhole
        }
    }
}
