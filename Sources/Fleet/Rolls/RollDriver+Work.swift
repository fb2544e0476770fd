import Inventory
import Rollout
import Vocabulary

/// What came of something that was done outside.
enum Finding: Hashable, Sendable {
    case errand(Errand.Outcome, machine: String, number: Int)
    case gate(RollRow.GateOutcome, RollID, stage: Int, index: Int)
}

extension RollDriver {
    /// Hands out what was stored and is not known to be done, each once in this process.
    func beginWork() {
        let fresh = state.withLock { state -> [Work] in
            let work = state.rows.work()
            state.begun.formIntersection(work)
            return work.filter { state.begun.insert($0).inserted }
        }
        for work in fresh { newJobs.yield(work) }
    }

    /// Does it, and has what came of it stored with the next decision.
    func perform(_ work: Work) async {
        let finding: Finding
        switch work {
        case .errand(let machine, let errand):
            guard let outcome = await perform(errand, of: machine, work) else { return }
            finding = .errand(outcome, machine: machine, number: errand.number)
        case .gate(let roll, let stage, let index, let gate):
            finding = .gate(await hands.ask(gate), roll, stage: stage, index: index)
        }
        state.withLock { $0.findings.append(finding) }
        book.changes.ring()
    }

    /// - Returns: nil when nobody wants it any more.
    private func perform(_ errand: Errand, of name: String, _ work: Work) async -> Errand.Outcome? {
        guard let machine = authority.snapshot.read({ $0.machine(named: name) }) else {
            return .refused("nobody describes the machine any more")
        }
        let rows = rows
        guard let row = rows[name], let part = row.part, rows.work(for: row) == work else { return nil }
        switch errand.kind {
        case .reboot(let isHard):
            // The last look before the power goes: it may have booted since anybody looked.
            guard book.standing(of: name)?.state.bootEpoch == row.boot.bootEpoch else { return nil }
            return await hands.reboot(machine, hard: isHard)
        case .drain, .undrain:
            guard let hook = rows.roll(part.roll)?.spec.drain?.hook else { return .refused("its roll has no hook") }
            return await hands.drain(hook, machine, isBack: errand.kind == .undrain)
        }
    }
}
