import Vocabulary

/// Something to be done outside of the rows, and how to write down what came of it.
public enum Work: Hashable, Sendable {
    case errand(machine: String, Errand)
    case gate(RollID, stage: Int, index: Int, RollSpec.Gate)
}

extension FleetRows {
    /// What was stored and is not known to be done: for the driver, after each tick and after each start.
    public func work() -> [Work] {
        guard freeze == nil else { return [] }
        var work = machines.compactMap { self.work(for: $0) }
        for roll in rolls where roll.isRunning {
            for (index, check) in roll.gates.enumerated() where check.asked != nil && check.outcome == nil {
                work.append(.gate(roll.id, stage: roll.stage, index: index, roll.spec.gates[index]))
            }
        }
        return work
    }

    /// The machine's errand that is not known to be done. Asked again just before a power action, it keeps a machine that
    /// has booted meanwhile from being rebooted for nothing.
    public func work(for machine: MachineRow) -> Work? {
        guard freeze == nil, let part = machine.part, let errand = part.errand, errand.outcome == nil else {
            return nil
        }
        if case .reboot = errand.kind, machine.boot.bootEpoch != part.epochSeen || machine.isTakenOver { return nil }
        return .errand(machine: machine.name, errand)
    }

    /// What came of an errand. Of one that is not the machine's latest any more, nothing is written.
    public mutating func record(
        _ outcome: Errand.Outcome,
        of machine: String,
        number: Int,
        epoch: Int
    ) throws(DriverFenced) {
        guard epoch == lease.epoch else { throw DriverFenced(epoch: epoch, current: lease.epoch) }
        change(machine) { machine in
            guard var part = machine.part, var errand = part.errand, errand.number == number, errand.outcome == nil
            else { return }
            errand.outcome = outcome
            errand.reason = outcome.reason
            part.errand = errand
            if errand.kind == .undrain, outcome == .done { part.isDrained = false }
            machine.part = part
        }
    }

    /// What a gate said, in the stage for which it was asked.
    public mutating func record(
        _ outcome: RollRow.GateOutcome,
        of roll: RollID,
        stage: Int,
        gate: Int,
        epoch: Int
    ) throws(DriverFenced) {
        guard epoch == lease.epoch else { throw DriverFenced(epoch: epoch, current: lease.epoch) }
        change(roll) { row in
            guard row.stage == stage, row.gates.indices.contains(gate), row.gates[gate].asked != nil,
                row.gates[gate].outcome == nil
            else { return }
            row.gates[gate].outcome = outcome
        }
    }
}

extension MachineRow {
    /// A person gave it something else, or wants it left alone: what was not asked of it yet is not asked any more.
    fileprivate var isTakenOver: Bool {
        isPinned || !isActive || part.map { $0.generation != boot.generation } ?? false
    }
}
