import Fleet
import Rollout
import Vocabulary

extension RolloutView {
    /// - Parameter lastSteps: of machines that failed, how far their last boot of the new image came; nil leaves the
    ///   machines out.
    init(_ progress: RollProgress, freeze: FleetRows.Freeze?, lastSteps: [String: MachineRow.Step]?) {
        let row = progress.row
        var counts = Counts()
        for (phase, count) in progress.counts { counts.add(count, phase) }
        var stages = (0..<row.stages).map { Stage(name: row.name(ofStage: $0), machines: 0, over: 0) }
        for member in progress.members {
            guard stages.indices.contains(member.part.stage) else { continue }
            stages[member.part.stage].machines += 1
            if member.part.phase.isOver { stages[member.part.stage].over += 1 }
        }
        self.init(
            id: row.id.rawValue,
            profile: progress.profile,
            title: row.title,
            release: progress.release,
            state: State(row),
            counts: counts,
            began: Time(progress.began)
        )
        if case .rollback(let other) = row.kind { rollbackOf = other.rawValue }
        if case .held(let hold) = row.status { reason = hold.reason }
        if row.isOpen { frozen = freeze?.reason }
        // A list says nothing of the machines of a roll that is over.
        self.stages = progress.members.isEmpty ? [] : stages
        stage = row.stage
        waiting = progress.waiting.map { Waiting(cause: $0.cause, reason: $0.description) }
        ended = progress.ended.map(Time.init)
        unavailable = progress.budget?.unavailable
        budget = progress.budget?.limit
        estimate = row.isOpen ? progress.estimate : nil
        machines = lastSteps.map { steps in
            progress.members.map { Member($0, in: row, lastStep: steps[$0.machine]) }
        }
    }
}

extension RolloutView.State {
    init(_ row: RollRow) {
        self =
            switch row.status {
            case .running: row.isPaused ? .paused : .running
            case .held: .held
            case .ended(.done): .done
            case .ended(.aborted): .aborted
            case .ended(.rolledBack): .rolledBack
            }
    }
}

extension RolloutView.Counts {
    mutating func add(_ count: Int, _ phase: RollPart.Phase) {
        switch phase {
        case .waiting: waiting += count
        case .granted, .draining, .rebooting: inTrial += count
        case .done: done += count
        case .failed: failed += count
        case .skipped: skipped += count
        }
    }
}

extension RolloutView.Member {
    init(_ member: RollMember, in row: RollRow, lastStep: MachineRow.Step?) {
        self.init(
            machine: member.machine,
            stage: row.name(ofStage: member.part.stage),
            phase: member.part.phase,
            reason: member.part.reason,
            lastStep: member.part.phase == .failed ? lastStep ?? MachineRow.Step.none : nil
        )
    }
}
