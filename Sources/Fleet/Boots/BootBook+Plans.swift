import Inventory
import Rollout
import Vocabulary

/// What people and plans do to machines, beside their boots.
extension BootBook {
    /// What a machine said about itself when it last asked; nil before it did.
    func identity(of machine: String) -> MachineIdentity? { contents.withLock { $0.slots[machine]?.identity } }

    /// What a machine said in DHCP to be: for loaders that do not say it when they ask for a script, as GRUB.
    func discoveredArchitecture(of machine: String) -> Architecture? {
        contents.withLock { $0.slots[machine]?.discoveredArchitecture }
    }

    /// What a machine said about itself when it last asked, and what its system found out when it last reported.
    struct Said: Sendable {
        var identity: MachineIdentity?
        var reported: [String: JSONValue]?
    }

    /// What machines said about themselves since this was asked before, at most `limit` of them.
    func takeWhatWasSaid(limit: Int) -> [String: Said] {
        contents.withLock { contents in
            var said: [String: Said] = [:]
            for machine in contents.saidSomething.prefix(limit) {
                contents.saidSomething.remove(machine)
                guard let slot = contents.slots[machine] else { continue }
                said[machine] = Said(identity: slot.identity, reported: slot.reportedFacts)
            }
            return said
        }
    }

    /// Whether a machine that asks now would take the newest image of its profile: not in the middle of a boot, and not
    /// while it keeps what it proved until a roll.
    func wantsNewest(_ machine: String, _ plan: MachinePlan) -> Bool {
        contents.withLock { contents in
            guard let slot = contents.slots[machine] else { return true }
            if let open = slot.open, open.mayBeJoined, slot.download != nil { return false }
            return plan.adopt == .nextBoot || slot.state.lastGood == nil
        }
    }

    /// A machine asks for a script and gets none with a kernel: what it booted before is over.
    func cameBack(_ machine: String, now: Moment) {
        change { contents in ((), contents.slots[machine].map { contents.close($0, now: now) } ?? []) }
    }

    /// Takes over what machines are meant to have.
    ///
    /// - Parameter done: is called, at once or later, when that is on the disk or cannot be written.
    func take(
        _ plans: [(machine: String, plan: MachinePlan)],
        now: Moment,
        done: @escaping @Sendable (_ written: Bool) -> Void
    ) {
        let isNews = change(done: done) { contents in
            var rows: [LedgerRow] = []
            for (machine, plan) in plans {
                let slot = contents.slot(of: machine)
                let before = slot.state.generation
                guard slot.take(plan) else { continue }
                rows += [slot.stateRow] + slot.grantRows(since: before, now: now)
            }
            return (!rows.isEmpty, rows)
        }
        if !isNews { done(true) }
    }

    /// Gives a machine what it is meant to have, at once.
    ///
    /// - Parameter done: is called, at once or later, when that is on the disk, or cannot be written and is taken back.
    func grant(
        _ plan: MachinePlan,
        to machine: String,
        now: Moment,
        done: @escaping @Sendable (_ written: Bool) -> Void
    ) {
        let isNews = contents.withLock { contents in
            let slot = contents.slot(of: machine)
            slot.take(plan)
            guard let desired = plan.desired else { return false }
            let before = slot.state
            plan.rules.grant(desired, to: &slot.state)
            let change = Change(machine: machine, from: before, to: slot.state)
            commit([slot.stateRow] + slot.grantRows(since: before.generation, now: now)) { [self] written in
                if !written { takeBack([change]) }
                done(written)
            }
            return true
        }
        if !isNews { done(true) }
    }

    /// Forgets a machine that is described no more: its boot is over, and its state is that of a machine that never was.
    func remove(_ machine: String, now: Moment) {
        change { contents in
            guard let slot = contents.slots.removeValue(forKey: machine) else { return ((), []) }
            contents.gate.finished(machine)
            contents.forgetFailed(of: slot)
            var rows: [LedgerRow] = [.machineState(MachineStateRecord(machine: machine))]
            if let details = slot.details,
                let closed = details.rules.abandon(&slot.state, open: &slot.open, reason: "the machine was removed")
            {
                contents.boots[closed.boot.id] = nil
                rows += slot.closingRows(closed, details: details, now: now)
            }
            return ((), rows)
        }
    }
}

extension MachineSlot {
    fileprivate func grantRows(since generation: Int, now: Moment) -> [LedgerRow] {
        guard state.generation != generation, let assigned = state.assigned else { return [] }
        return [EventKind.machineGranted.row(machine, "\(machine) is granted \(assigned.short)", at: now.wall)]
    }
}
