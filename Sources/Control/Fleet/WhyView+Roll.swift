import Fleet
import Rollout
import Vocabulary

/// What a roll has to do with a machine, in words.
struct RollReasons {
    var part: RollPart
    var row: RollRow
    /// What the roll waits for.
    var waiting: [WaitingReason] = []
    /// Tries that the machine has left.
    var triesLeft = 0
    /// Whether it is in a boot whose last byte has not left.
    var isFetching = false

    /// One sentence a fact.
    var sentences: [String] { turn + undrained }

    private var undrained: [String] {
        guard part.isDrained, let errand = part.errand, errand.kind == .undrain, let reason = errand.reason else {
            return []
        }
        return ["its drain hook is asked to give its work back, and has not: \(reason)"]
    }

    private var turn: [String] {
        let roll = "\(row.id)", wave = row.name(ofStage: part.stage)
        let reason = part.reason.map { ": \($0)" } ?? ""
        switch part.phase {
        case .waiting:
            guard row.isOpen else { return [] }
            return ["\(row.title) is what \(roll) has for it in \(wave); its turn has not come"]
                + waiting.map { "\(roll) waits: \($0)" }
        case .granted: return ["\(roll) granted it \(row.title), \(wave) (\(trial))"]
        case .draining:
            let hook = part.errand?.reason.map { ", and is not yet: \($0)" } ?? ""
            return ["\(roll) granted it \(row.title), \(wave); its work is being taken away\(hook)"]
        case .rebooting: return ["\(roll) granted it \(row.title) and had it reboot, \(wave) (\(trial))"]
        case .done: return ["\(roll) granted it \(row.title), \(wave) (done)"]
        case .failed: return ["\(roll) granted it \(row.title), \(wave), and it failed\(reason)"]
        case .skipped: return ["\(roll) passed it over, \(wave)\(reason)"]
        }
    }

    /// `try 1 of 2`: the one that is being spent, or comes next.
    private var trial: String {
        let tries = max(1, row.spec.tries)
        let spent = max(0, tries - triesLeft)
        return "try \(min(tries, isFetching || spent == 0 ? spent + 1 : spent)) of \(tries)"
    }
}

extension FleetControlPlane {
    /// What rolls and people have to do with a machine's answer.
    func exceptions(of machine: String, _ standing: MachineStanding) async throws -> [String] {
        var sentences: [String] = []
        if let pinned = fleet.snapshot.read({ $0.machine(named: machine)?.pinnedImage }) {
            sentences.append("a person pinned it to \(pinned.short), so no roll touches it: `muster unpin \(machine)`")
        }
        if standing.state.isRescued {
            let end = "`muster rescue \(machine) --end`"
            sentences.append("a person gave it the rescue image until it is granted something: \(end)")
        } else if standing.boot?.isRescue == true {
            sentences.append("it is in the rescue image")
        }
        var isWaiting = false
        if let member = fleet.rollPart(of: machine) {
            let progress = try await explaining { try await fleet.progress(of: member.part.roll) }
            let reasons = RollReasons(
                part: member.part,
                row: progress.row,
                waiting: progress.waiting,
                triesLeft: standing.state.triesLeft,
                isFetching: standing.boot.map { $0.fetched == nil } ?? false
            )
            // A grant after that is not the roll's any more.
            let isPast = member.part.generation != standing.state.generation
            isWaiting = member.part.phase == .waiting && progress.row.isOpen
            if !isPast || [.waiting, .skipped].contains(member.part.phase) { sentences += reasons.sentences }
        }
        if let freeze = fleet.freeze, !isWaiting {
            sentences.append("the fleet is frozen, so nothing is granted: \(freeze.reason)")
        }
        return sentences
    }
}
