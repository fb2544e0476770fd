import Vocabulary

/// What intents do to one machine.
extension FleetRows {
    mutating func grant(_ name: String, _ id: RollID, _ generation: Int) {
        guard freeze == nil, let roll = roll(id), roll.isRunning, !roll.isPaused else { return }
        let observed = clock.observed
        var granted = false
        change(name) { machine in
            guard var part = machine.part, part.roll == id, part.phase == .waiting, part.stage <= roll.stage,
                machine.state == .active, generation == machine.boot.generation + 1
            else { return }
            BootRules(tries: roll.spec.tries).grant(part.target, to: &machine.boot)
            part.phase = .granted
            part.generation = machine.boot.generation
            part.grantNumber = roll.grants + 1
            part.epochAtGrant = machine.boot.bootEpoch
            part.epochSeen = machine.boot.bootEpoch
            part.since = observed
            part.deadline = nil
            part.reboots = 0
            part.errand = nil
            part.wasRecovered = false
            part.reason = nil
            machine.part = part
            granted = true
        }
        if granted { change(id) { $0.grants += 1 } }
    }

    /// Writes an errand down, so that it is done, and done again if nobody wrote down that it was.
    mutating func begin(
        _ kind: Errand.Kind,
        of name: String,
        _ generation: Int,
        _ number: Int,
        deadline: ObservedTime?
    ) {
        let observed = clock.observed
        changePart(name, generation) { part, _ in
            guard number == part.errands + 1 else { return }
            part.errands = number
            let reason = part.errand?.kind == kind ? part.errand?.reason : nil
            part.errand = Errand(kind: kind, number: number, asked: observed, outcome: nil, reason: reason)
            switch kind {
            case .drain:
                part.enter(.draining, at: observed)
                part.isDrained = true
                part.deadline = deadline
            case .undrain: break
            case .reboot:
                if part.phase == .failed {
                    part.wasRecovered = true
                } else {
                    part.enter(.rebooting, at: observed)
                    part.since = observed
                    part.reboots += 1
                    part.deadline = deadline
                }
            }
        }
    }

    mutating func notice(_ name: String, _ generation: Int, _ epoch: Int, deadline: ObservedTime) {
        let observed = clock.observed
        changePart(name, generation) { part, machine in
            guard part.phase.isInFlight, epoch > part.epochSeen, epoch == machine.boot.bootEpoch else { return }
            part.epochSeen = epoch
            part.enter(.rebooting, at: observed)
            part.deadline = deadline
            // Whoever still means to reboot it is late: it has booted.
            part.errand = nil
        }
    }

    /// How long a system that said itself that it is not well is left to reboot by itself. One that is silent may be on its
    /// way, for as long as a boot may take.
    static let farewell = TimeSpan.minutes(1)

    mutating func settle(_ name: String, _ roll: RollID, _ generation: Int, _ outcome: Intent.Outcome) {
        guard let spec = self.roll(roll)?.spec, let machine = self[name] else { return }
        let observed = clock.observed
        let recovery = observed + (machine.saysItIsIll ? Self.farewell : bootDeadline(of: machine, spec))
        changePart(name, generation) { part, machine in
            guard part.roll == roll, outcome.mayFollow(part.phase) else { return }
            let wasInFlight = part.phase.isInFlight
            part.errand = nil
            part.deadline = nil
            switch outcome {
            case .done:
                part.enter(.done, at: observed)
                if !wasInFlight { part.generation = machine.boot.generation }
            case .failed(let reason, let reverts):
                if reverts { machine.revert(part, spec) }
                part.enter(.failed, at: observed)
                part.reason = reason
                part.generation = machine.boot.generation
                part.deadline = recovery
            case .skipped(let reason):
                if wasInFlight { machine.withdrawGrant(part) }
                part.enter(.skipped, at: observed)
                part.reason = reason
            }
            part.epochSeen = machine.boot.bootEpoch
        }
    }

    mutating func undo(_ name: String, _ generation: Int) {
        guard let roll = self[name]?.part?.roll, let isOpen = self.roll(roll)?.isOpen else { return }
        let observed = clock.observed
        changePart(name, generation) { part, machine in
            guard part.phase == .granted || part.phase == .draining, machine.boot.bootEpoch == part.epochAtGrant else {
                return
            }
            machine.withdrawGrant(part)
            part.errand = nil
            part.deadline = nil
            part.generation = 0
            part.enter(isOpen ? .waiting : .skipped, at: observed)
            if !isOpen { part.reason = "the roll ended before its turn" }
        }
    }

    /// Changes the machine's part, if it is still in the turn that `generation` names.
    mutating func changePart(
        _ name: String,
        _ generation: Int,
        _ body: (inout RollPart, inout MachineRow) -> Void
    ) {
        change(name) { machine in
            guard var part = machine.part, part.generation == generation else { return }
            body(&part, &machine)
            machine.part = part
        }
    }
}

extension RollPart {
    fileprivate mutating func enter(_ phase: Phase, at now: ObservedTime) {
        if phase != self.phase { since = now }
        self.phase = phase
    }
}

extension MachineRow {
    /// Gives the machine back what it was good on. What it is assigned by somebody else meanwhile stays.
    mutating func withdrawGrant(_ part: RollPart) {
        guard boot.generation == part.generation, boot.assigned == part.target, boot.bootEpoch == part.epochAtGrant
        else { return }
        BootRules().grant(part.from, to: &boot)
    }

    /// The image failed here: the machine's next boot is of what it was good on before.
    fileprivate mutating func revert(_ part: RollPart, _ spec: RollSpec) {
        guard boot.generation == part.generation, boot.assigned == part.target else { return }
        if boot.lastGood == part.target {
            // Healthy for a while, and then not: its own last good is of no use.
            BootRules(tries: spec.tries).grant(part.from, to: &boot)
        } else {
            BootRules(tries: spec.tries).giveUp(on: &boot)
        }
    }
}

extension Intent.Outcome {
    fileprivate func mayFollow(_ phase: RollPart.Phase) -> Bool {
        switch self {
        case .done, .skipped: phase == .waiting || phase.isInFlight
        case .failed: phase == .done || phase.isInFlight
        }
    }
}
