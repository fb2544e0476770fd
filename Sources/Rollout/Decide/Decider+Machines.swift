import Vocabulary

/// What comes next for one machine that has a part in a roll.
extension Decider {
    /// Reboots asked for in one turn before the machine counts as failed.
    private static let mostReboots = 2
    /// Restarts after which a machine that was done is not.
    private static let mostRestarts = 3

    mutating func look(at place: Int, rollPlace: Int) {
        let machine = rows.machines[place], roll = rows.rolls[rollPlace]
        guard let part = machine.part else { return }
        switch part.phase {
        case .waiting:
            guard roll.isOpen else { return }
            if let reason = unfitness(machine, roll) {
                settle(machine, part, .skipped(reason))
            } else if machine.isHealthy, machine.boot.isProven, machine.boot.assigned == part.target,
                machine.boot.running == part.target
            {
                settle(machine, part, .done)
            }
        case .granted, .draining, .rebooting: lookInFlight(machine, part, roll)
        case .done:
            // Settled with the roll, one by one: an image that turned bad everywhere must not be reverted everywhere.
            if roll.isRunning, let failure = relapse(machine, part, roll) {
                standings[rollPlace].relapsed.append((machine: place, failure: failure))
            }
        case .failed: recover(machine, part, roll)
        case .skipped: break
        }
        if part.isDrained, !part.phase.isInFlight, machine.isHealthy { undrain(machine, part, roll) }
    }

    mutating func settle(_ machine: MachineRow, _ part: RollPart, _ outcome: Intent.Outcome) {
        intents.append(.settle(machine: machine.name, roll: part.roll, generation: part.generation, outcome))
        if let place = places[part.roll] { standings[place].isSettling = true }
    }

    /// Why the machine has no place in the roll any more; nil when it has.
    private func unfitness(_ machine: MachineRow, _ roll: RollRow) -> String? {
        if machine.state != .active { return machine.state == .retired ? "was retired" : "is in maintenance" }
        if machine.isPinned { return "is pinned" }
        return machine.profile == roll.profile ? nil : "belongs to \(machine.profile) now"
    }

    private mutating func lookInFlight(_ machine: MachineRow, _ part: RollPart, _ roll: RollRow) {
        if let reason = defeat(machine, part) {
            settle(machine, part, .failed(reason, reverts: true))
        } else if let reason = unfitness(machine, roll) ?? usurpation(machine, part) {
            // It was told to reboot, and does at any moment: until then it counts as going down.
            guard !mayStillGoDown(machine, part) else { return }
            settle(machine, part, .skipped(reason))
        } else if machine.boot.bootEpoch != part.epochSeen {
            let deadline = observed + rows.bootDeadline(of: machine, roll.spec)
            intents.append(
                .notice(
                    machine: machine.name,
                    generation: part.generation,
                    epoch: machine.boot.bootEpoch,
                    deadline: deadline
                )
            )
        } else if part.epochSeen > part.epochAtGrant {
            lookBooted(machine, part, roll)
        } else if shouldUndo(part, roll) {
            intents.append(.undo(machine: machine.name, generation: part.generation))
        } else {
            lookBeforeBoot(machine, part, roll)
        }
    }

    /// Why its boots of the image are over: that counts, whatever people want of the machine by now.
    private func defeat(_ machine: MachineRow, _ part: RollPart) -> String? {
        guard machine.boot.phase == .reverted || machine.boot.phase == .stuck,
            machine.boot.generation == part.generation
        else { return nil }
        return machine.boot.reason ?? "used up its tries"
    }

    /// Who has its grant replaced has no turn any more; nil for whoever keeps it.
    private func usurpation(_ machine: MachineRow, _ part: RollPart) -> String? {
        machine.boot.generation == part.generation ? nil : "was granted something else meanwhile"
    }

    /// Whether a reboot that was asked for, and not refused, may end its system yet.
    private func mayStillGoDown(_ machine: MachineRow, _ part: RollPart) -> Bool {
        guard part.phase == .rebooting, case .reboot = part.errand?.kind else { return false }
        return part.errand?.outcome?.reason == nil && machine.boot.bootEpoch == part.epochSeen && machine.isCounted
            && !isLate(part)
    }

    /// A roll that was held or ended lets nobody begin.
    private func shouldUndo(_ part: RollPart, _ roll: RollRow) -> Bool {
        !roll.isRunning && part.phase != .rebooting
    }

    private mutating func lookBeforeBoot(_ machine: MachineRow, _ part: RollPart, _ roll: RollRow) {
        guard !isFrozen else { return }
        switch part.phase {
        case .granted:
            // With `reboot: none` it waits for the machine's own reboot.
            guard roll.spec.reboot == .auto, machine.canBeRebooted else { return }
            if roll.spec.drain == nil { reboot(machine, part, roll) } else { drain(machine, part, roll) }
        case .draining:
            switch part.errand?.outcome {
            case .done: reboot(machine, part, roll)
            case .refused(let reason): settle(machine, part, .skipped("its drain was refused: \(reason)"))
            case .again where isDue(part.errand, after: roll.spec.drain?.interval) && !isLate(part):
                drain(machine, part, roll)
            case .again, nil:
                guard isLate(part), let drain = roll.spec.drain else { return }
                if drain.onTimeout == .force {
                    reboot(machine, part, roll)
                } else {
                    let why = part.errand?.reason.map { ": \($0)" } ?? ""
                    settle(machine, part, .skipped("was not drained within \(drain.deadline)\(why)"))
                }
            }
        case .rebooting:
            var reason = "no boot began in time after its reboot"
            if case .refused(let refusal) = part.errand?.outcome {
                reason = "its reboot was refused: \(refusal)"
            } else if !isLate(part) {
                return
            }
            rebootOrFail(machine, part, roll, reason)
        case .waiting, .done, .failed, .skipped: return
        }
    }

    private mutating func lookBooted(_ machine: MachineRow, _ part: RollPart, _ roll: RollRow) {
        let boot = machine.boot
        let restarts = part.epochSeen - part.epochAtGrant - part.reboots
        if case .ill(_, let ailment?) = machine.health {
            settle(machine, part, .failed("said that it is not well: \(ailment)", reverts: true))
        } else if restarts > roll.spec.tries {
            settle(machine, part, .failed("restarted \(restarts) times by itself", reverts: true))
        } else if case .healthy(let since) = machine.health, boot.running == part.target, boot.lastGood == part.target {
            if observed - since >= roll.spec.minHealthy, !mayStillGoDown(machine, part) { settle(machine, part, .done) }
        } else if isLate(part), !isFrozen {
            rebootOrFail(machine, part, roll, silence(machine))
        }
    }

    /// What is said of a machine whose deadline passed. A script without a kernel is the network's failure: it cost the
    /// image no try.
    private func silence(_ machine: MachineRow) -> String {
        switch machine.step {
        case _ where machine.withoutKernelSince != nil: "network: its script went out, and its kernel was never fetched"
        case .none: "was not heard of in time"
        case .script: "its script went out in time, and nothing else"
        case .fetched: "fetched everything and said nothing in time"
        case .up: "came up and was not healthy in time"
        case .healthy: "was healthy, but not on what it was granted"
        }
    }

    private mutating func rebootOrFail(_ machine: MachineRow, _ part: RollPart, _ roll: RollRow, _ reason: String) {
        if part.reboots < Self.mostReboots, roll.spec.reboot == .auto, machine.canBeRebooted {
            reboot(machine, part, roll)
        } else {
            settle(machine, part, .failed(reason, reverts: true))
        }
    }

    private mutating func drain(_ machine: MachineRow, _ part: RollPart, _ roll: RollRow) {
        guard let drain = roll.spec.drain else { return }
        intents.append(
            .drain(
                machine: machine.name,
                generation: part.generation,
                number: next(part),
                deadline: part.phase == .draining ? part.deadline ?? observed : observed + drain.deadline
            )
        )
    }

    private mutating func reboot(_ machine: MachineRow, _ part: RollPart, _ roll: RollRow) {
        intents.append(
            .reboot(
                machine: machine.name,
                generation: part.generation,
                number: next(part),
                hard: part.reboots > 0,
                deadline: observed + rows.bootDeadline(of: machine, roll.spec)
            )
        )
    }

    private mutating func undrain(_ machine: MachineRow, _ part: RollPart, _ roll: RollRow) {
        if part.errand?.kind == .undrain {
            guard part.errand?.outcome != nil, isDue(part.errand, after: .minutes(1)) else { return }
        }
        intents.append(.undrain(machine: machine.name, generation: part.generation, number: next(part)))
    }

    /// A machine that failed and hangs is down anyway: one more reboot brings it back to what it was good on.
    private mutating func recover(_ machine: MachineRow, _ part: RollPart, _ roll: RollRow) {
        guard !part.wasRecovered, !isFrozen, !machine.isHealthy, machine.state == .active, machine.canBeRebooted,
            roll.spec.reboot == .auto, isLate(part), machine.boot.generation == part.generation,
            machine.boot.bootEpoch == part.epochSeen
        else { return }
        intents.append(.recover(machine: machine.name, generation: part.generation, number: next(part)))
    }

    /// Why a machine that was done counts as failed after all; nil while it does not.
    private func relapse(_ machine: MachineRow, _ part: RollPart, _ roll: RollRow) -> Intent.Outcome? {
        guard machine.state == .active, machine.boot.generation == part.generation else { return nil }
        if part.stage == roll.stage, machine.boot.bootEpoch - part.epochSeen >= Self.mostRestarts {
            return .failed("restarted \(Self.mostRestarts) times after it was done", reverts: true)
        }
        guard case .ill(let since, let ailment) = machine.health else { return nil }
        if let ailment { return .failed("said that it is not well any more: \(ailment)", reverts: true) }
        if machine.boot.failures > 0 {
            return .failed(machine.boot.reason ?? "did not come back healthy", reverts: true)
        }
        let limit = rows.bootDeadline(of: machine, roll.spec)
        return observed - since >= limit ? .failed("has not been healthy for \(limit)", reverts: false) : nil
    }

    private func next(_ part: RollPart) -> Int { part.errands + 1 }

    private func isLate(_ part: RollPart) -> Bool { part.deadline.map { $0 <= observed } ?? false }

    private func isDue(_ errand: Errand?, after span: TimeSpan?) -> Bool {
        guard let errand, let span else { return false }
        return observed - errand.asked >= span
    }
}

extension MachineRow {
    /// Whether a look at the machine comes to nothing, as it does for nearly all of them nearly always. Inlined, because a
    /// call would copy the row.
    @inline(__always)
    func isAtRest(in profileOfRoll: String) -> Bool {
        guard part?.isDrained == false else { return false }
        switch part?.phase {
        case .granted, .draining, .rebooting, nil: return false
        case .waiting:
            return isActive && !isPinned && profile == profileOfRoll && boot.assigned != part?.target
        case .done: return isHealthy && boot.bootEpoch == part?.epochSeen
        case .failed: return isHealthy
        case .skipped: return true
        }
    }
}
