import Inventory
import Rollout
import Vocabulary

/// What is about to be stored: rows, and which machines may differ from those that are stored.
struct RollDraft {
    var rows: FleetRows
    /// Machines that were touched; nil for any.
    var touched: Set<String>?
    /// Rolls that were begun, with what is kept of them beside their rows.
    var files: [RollID: RollFile] = [:]
    /// What the inventory is to be told of what profiles are meant to have.
    var meant: [String: Meaning]
    /// Further rows of the same transaction.
    var events: [LedgerRow] = []
    /// Who wants what machines without a part are given.
    var cause: String?
}

extension RollDriver {
    /// How often a transaction is made anew because machines changed while it was made.
    private static let attempts = 8

    /// Changes the rows and what machines are assigned, both or neither, on disk before anything counts. To be called by
    /// who has his turn.
    ///
    /// - Parameter body: is called again, with newer rows, when a machine did something meanwhile.
    /// - Throws: what `body` throws; `DriverFenced`; `InventoryError` when it could not be written: nothing has changed
    ///   then.
    func transact<Value>(now: Moment, _ body: (inout RollDraft) throws -> Value) async throws -> Value {
        let epoch = try await lead()
        for _ in 0..<Self.attempts {
            look(now: now)
            let before = state.withLock { $0 }
            var draft = RollDraft(rows: before.rows, meant: before.meant)
            let value = try body(&draft)
            let change = RollChange(draft, from: before, now: now)
            guard !change.isEmpty else { return value }
            if try await store(change, draft, epoch: epoch) { return value }
        }
        throw FleetError(.unavailable, "machines changed faster than anything could be decided; try again")
    }

    /// - Returns: false when a machine is not what was decided from any more.
    private func store(_ change: RollChange, _ draft: RollDraft, epoch: Int) async throws -> Bool {
        let extra = rowsBeside(draft)
        var isOvertaken = false
        let outcome = await withCheckedContinuation { (done: CheckedContinuation<LedgerStore.Outcome?, Never>) in
            func commit(_ states: [LedgerRow]) {
                ledger.commit(states + change.rows + extra, epoch: epoch) { done.resume(returning: $0) }
            }
            guard !change.machines.isEmpty else { return commit([]) }
            isOvertaken = !book.put(change.machines, commit: commit).isEmpty
            if isOvertaken { done.resume(returning: nil) }
        }
        switch outcome {
        case nil: return false
        case .written?:
            state.withLock { state in
                state.rows = draft.rows
                state.files.merge(change.files) { $1 }
                state.meant = change.meant
                state.unwritten.removeAll()
            }
            return true
        case .fenced(let current)?:
            book.takeBack(change.machines)
            state.withLock { state in
                state.epoch = nil
                state.isFenced = true
            }
            logger.critical("another process drives rolls with this ledger", metadata: ["epoch": "\(current)"])
            throw DriverFenced(epoch: epoch, current: current)
        case .failed?:
            book.takeBack(change.machines)
            throw ledger.failure
                ?? InventoryError(.overloaded, "the ledger takes no more: too much waits to be written")
        }
    }

    /// The clock, and the health of machines that is not stored yet.
    private func rowsBeside(_ draft: RollDraft) -> [LedgerRow] {
        let unwritten = state.withLock { $0.unwritten }
        return [DriverDocument.clock.row(draft.rows.clock)]
            + unwritten.compactMap { name in
                draft.rows[name].map { .machineHealth(machine: name, document: document(MachineHealthFile($0))) }
            }
    }

    /// Takes over what machines did, and reads the clock. To be called by who has his turn: what is seen stands in `state`
    /// alone until it is stored.
    func look(now: Moment) {
        let uptime = TimeSpan(milliseconds: now.uptime.milliseconds)
        let isHealthy = ledger.isHealthy
        var sights = book.takeChanges(now: now)
        let isDue = state.withLock { now.uptime - $0.lastLook >= .seconds(10) }
        if isDue { sights += book.silent(now: now) }
        let reachable = sights.map { sight in
            authority.snapshot.read { $0.machine(named: sight.machine) }.map { hands.canReboot($0) } ?? false
        }
        state.withLock { [sights] state in
            state.rows.clock.advance(uptime: uptime, reportsArrive: isHealthy)
            state.countHolds(at: now.uptime)
            if isDue { state.lastLook = now.uptime }
            for (sight, canReboot) in zip(sights, reachable) {
                state.see(sight)
                if state.rows[sight.machine]?.canBeRebooted != canReboot {
                    state.rows.change(sight.machine) { $0.canBeRebooted = canReboot }
                }
            }
        }
    }
}

/// What a draft changes, as rows to write and as states to give to machines.
struct RollChange {
    var machines: [BootBook.Change] = []
    var rows: [LedgerRow] = []
    var files: [RollID: RollFile] = [:]
    var meant: [String: Meaning]

    var isEmpty: Bool { machines.isEmpty && rows.isEmpty }

    init(_ draft: RollDraft, from before: RollDriver.State, now: Moment) {
        meant = draft.meant
        let (old, new) = (before.rows, draft.rows)
        var events = RollEvents(now: now.wall)
        let touched = draft.touched?.sorted() ?? new.machines.map(\.name)
        for name in touched {
            guard let before = old[name], let after = new[name] else { continue }
            if before.boot != after.boot {
                let cause = after.part?.roll.description ?? draft.cause
                machines.append(.init(machine: name, from: before.boot, to: after.boot, cause: draft.cause ?? cause))
            }
            if before.part != after.part {
                for part in [Self.left(before.part, for: after.part), after.part].compactMap(\.self) {
                    let record = RollMemberRecord(roll: part.roll.rawValue, machine: name, document: document(part))
                    rows.append(.rollMember(record))
                }
            }
            let health = MachineHealthFile(after)
            if MachineHealthFile(before) != health {
                rows.append(.machineHealth(machine: name, document: document(health)))
            }
            if before.boot != after.boot || before.part != after.part { events.add(before, after) }
        }
        let rolls = Dictionary(uniqueKeysWithValues: old.rolls.map { ($0.id, $0) })
        for roll in new.rolls where rolls[roll.id] != roll {
            let file = file(of: roll, before.files, draft, before: old, now: now)
            files[roll.id] = file
            rows.append(.roll(RollRecord(id: roll.id.rawValue, document: document(file), ended: file.ended)))
            events.add(rolls[roll.id], roll, members: rolls[roll.id] == nil ? new.parts(of: roll.id).count : 0)
        }
        if old.freeze != new.freeze { rows.append(DriverDocument.freeze.row(new.freeze)) }
        if old.alarms != new.alarms {
            rows.append(DriverDocument.alarms.row(new.alarms.values.sorted { "\($0.key)" < "\($1.key)" }))
        }
        events.add(old, new)
        if meant != before.meant { rows.append(DriverDocument.meant.row(meant)) }
        rows += events.rows + draft.events
    }

    /// How the part of a roll stays in history that a machine leaves for another's; nil when it leaves none.
    private static func left(_ part: RollPart?, for next: RollPart?) -> RollPart? {
        guard var part, part.roll != next?.roll else { return nil }
        guard !part.phase.isOver else { return part }
        part.phase = .skipped
        part.errand = nil
        part.deadline = nil
        part.reason = "the roll ended before its turn did"
        return part
    }

    /// What is kept of a roll, with its end; and what its end means for its profile.
    private mutating func file(
        of roll: RollRow,
        _ known: [RollID: RollFile],
        _ draft: RollDraft,
        before: FleetRows,
        now: Moment
    ) -> RollFile {
        var file = draft.files[roll.id] ?? known[roll.id] ?? RollFile(row: roll, began: now.wall)
        if case .rollback(let forward) = roll.kind, known[roll.id] == nil, let origin = known[forward] {
            file.release = origin.origin
            file.origin = origin.release
            file.isPartial = origin.isPartial
            mean(file.release, file)
        }
        if !roll.isOpen, file.row.isOpen || file.ended == nil {
            file.ended = now.wall
            for machine in draft.rows.machines {
                let left = Self.left(before[machine.name]?.part, for: machine.part)
                guard let part = [left, machine.part].compactMap(\.self).first(where: { $0.roll == roll.id }) else {
                    continue
                }
                file.counts[part.phase.rawValue, default: 0] += 1
            }
            if roll.status == .ended(.aborted), !roll.isRollback { mean(file.origin, file) }
        }
        file.row = roll
        return file
    }

    /// The profile's machines are meant to have that release, those that come later too.
    private mutating func mean(_ release: Int?, _ file: RollFile) {
        guard let release, !file.isPartial else { return }
        meant[file.row.profile] = Meaning(release: release)
    }
}
