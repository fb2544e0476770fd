import Vocabulary

extension FleetRows {
    /// Ends a roll and begins the one that takes its machines back to what they were good on: newest first, in one
    /// stage, under the same budgets, whatever the window.
    mutating func rollBack(_ id: RollID, as next: RollID) {
        guard let roll = roll(id), roll.isOpen, !roll.isRollback, next == nextRoll else { return }
        let touched = members(of: id)
            .compactMap { self[$0] }
            .filter { $0.part.map { $0.grantNumber > 0 && $0.phase != .skipped } ?? false }
            .sorted { ($0.part?.grantNumber ?? 0) > ($1.part?.grantNumber ?? 0) }
        change(id) { $0.status = .ended(.rolledBack) }
        for name in members(of: id) { dismiss(name) }

        var spec = roll.spec
        spec.canary.count = .count(0)
        spec.waves = [.percent(100)]
        spec.bake = .seconds(0)
        spec.gates = []
        spec.window = nil
        spec.onFailure = .hold
        rolls.append(
            RollRow(
                id: next,
                profile: roll.profile,
                title: "back from \(roll.title)",
                kind: .rollback(of: id),
                spec: spec,
                stages: 1,
                hasCanary: false
            )
        )
        for (order, machine) in touched.enumerated() {
            guard let old = machine.part else { continue }
            var part = RollPart(roll: next, stage: 0, order: order, target: old.from, from: old.target)
            part.errands = old.errands
            part.isDrained = old.isDrained
            part.since = clock.observed
            if machine.isAboutToReboot {
                change(next) { $0.grants += 1 }
                part.keepTurn(of: old, number: self.roll(next)?.grants ?? 0)
            }
            change(machine.name) { machine in
                machine.boot.desired = part.target
                if part.phase.isInFlight {
                    if machine.boot.assigned != part.target {
                        BootRules(tries: spec.tries).grant(part.target, to: &machine.boot)
                    }
                    part.generation = machine.boot.generation
                    part.epochAtGrant = machine.boot.bootEpoch
                    part.epochSeen = machine.boot.bootEpoch
                }
                machine.part = part
            }
        }
    }

    /// The roll is over for this machine: a grant that was not proven is taken back.
    private mutating func dismiss(_ name: String) {
        let observed = clock.observed
        change(name) { machine in
            guard var part = machine.part else { return }
            if part.phase.isInFlight, machine.boot.generation == part.generation, !machine.boot.isProven {
                BootRules().grant(part.from, to: &machine.boot)
            }
            guard !part.phase.isOver else { return }
            machine.boot.desired = part.from
            part.phase = .skipped
            part.since = observed
            part.errand = nil
            part.deadline = nil
            part.reason = "the roll was rolled back"
            machine.part = part
        }
    }
}

extension MachineRow {
    /// Its reboot was asked for and no boot has begun since: it goes down any moment, and nobody can call that back.
    fileprivate var isAboutToReboot: Bool {
        guard let part, part.phase == .rebooting, boot.generation == part.generation, boot.bootEpoch == part.epochSeen,
            let errand = part.errand, case .reboot = errand.kind
        else { return false }
        if case .refused = errand.outcome { return false }
        return true
    }
}

extension RollPart {
    /// The reboot that was asked for in another roll is this one's: the machine has its turn until it is back.
    fileprivate mutating func keepTurn(of old: RollPart, number: Int) {
        phase = .rebooting
        grantNumber = number
        deadline = old.deadline
        reboots = 1
        errand = old.errand
    }
}
