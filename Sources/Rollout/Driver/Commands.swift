import Vocabulary

/// What a person may tell a roll.
public enum RollCommand: String, Hashable, Sendable, Codable, CaseIterable {
    /// No new turns; those that have theirs go on.
    case pause
    /// Goes on after a pause or a hold; failures so far are forgiven, gates are asked again.
    case resume
    /// Ends the stage's bake now and goes past its gates.
    case promote
    /// Those that failed or proved nothing as canaries get another turn.
    case retry
    /// No more turns. Who is not on the new image keeps the old one, and is meant to have it.
    case abort
    /// A new roll takes everybody back, newest first, under the same budgets.
    case rollback
}

/// Why something was not done, for people.
public struct RollRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}

extension FleetRows {
    /// Does what a person said.
    public mutating func perform(_ command: RollCommand, on id: RollID) throws(RollRefusal) {
        guard let roll = roll(id) else { throw RollRefusal("there is no \(id)") }
        guard roll.isOpen else { throw RollRefusal("\(id) is over: nothing can be done with it but start another") }
        switch command {
        case .pause: change(id) { $0.isPaused = true }
        case .resume: try resume(roll)
        case .promote: try promote(roll)
        case .retry: retry(roll)
        case .abort: abort(roll)
        case .rollback:
            guard !roll.isRollback else { throw RollRefusal("\(id) is a rollback itself: start a roll instead") }
            rollBack(id, as: nextRoll)
        }
    }

    private mutating func resume(_ roll: RollRow) throws(RollRefusal) {
        if case .held(let hold) = roll.status {
            switch hold.cause {
            case .canaryFailed:
                throw RollRefusal("\(roll.id): \(hold.reason); retry, abort or rollback")
            case .canaryUnproven:
                throw RollRefusal("\(roll.id): \(hold.reason); retry, promote, abort or rollback")
            case .failures, .gateFailed, .gateUnknown, .stalled: break
            }
        }
        let failed = parts(of: roll.id).count { $0.phase == .failed }
        change(roll.id) { row in
            row.isPaused = false
            guard !row.isRunning else { return }
            row.status = .running
            row.forgiven = failed
            row.stalledSince = nil
            row.askGatesAnew()
        }
    }

    private mutating func promote(_ roll: RollRow) throws(RollRefusal) {
        let parts = parts(of: roll.id)
        if roll.hasCanary, let canary = parts.first(where: { $0.stage == 0 && $0.phase == .failed }) {
            throw RollRefusal("\(roll.id): a canary failed (\(canary.reason ?? "")); retry, abort or rollback")
        }
        let left = parts.count { $0.stage <= roll.stage && !$0.phase.isOver }
        guard left == 0 else {
            throw RollRefusal("\(roll.id): \(left) machines of the stage have not had their turn; nothing to promote")
        }
        let failed = parts.count { $0.phase == .failed }
        change(roll.id) { row in
            row.isPaused = false
            row.status = .running
            row.forgiven = failed
            if row.stage + 1 < row.stages { row.enter(stage: row.stage + 1) } else { row.status = .ended(.done) }
        }
    }

    private mutating func retry(_ roll: RollRow) {
        let observed = clock.observed
        for name in members(of: roll.id) {
            change(name) { machine in
                guard var part = machine.part else { return }
                let isUnproven = roll.hasCanary && part.stage == 0 && part.phase == .skipped
                guard part.phase == .failed || isUnproven else { return }
                part.phase = .waiting
                part.generation = 0
                part.since = observed
                part.deadline = nil
                part.errand = nil
                part.reason = nil
                machine.part = part
            }
        }
        change(roll.id) { row in
            row.status = .running
            row.isPaused = false
            row.forgiven = 0
            row.stalledSince = nil
            row.bakeUntil = nil
            row.askGatesAnew()
        }
    }

    private mutating func abort(_ roll: RollRow) {
        change(roll.id) { $0.status = .ended(.aborted) }
        let observed = clock.observed
        for name in members(of: roll.id) {
            change(name) { machine in
                guard var part = machine.part, part.phase != .done else { return }
                machine.boot.desired = part.from
                guard part.phase == .waiting else { return }
                part.phase = .skipped
                part.since = observed
                part.reason = "the roll was aborted"
                machine.part = part
            }
        }
    }

    public func members(of roll: RollID) -> [String] { machines.filter { $0.part?.roll == roll }.map(\.name) }

    public func parts(of roll: RollID) -> [RollPart] { machines.compactMap(\.part).filter { $0.roll == roll } }
}

extension FleetRows {
    /// No grants and no power actions from now on.
    public mutating func freeze(_ reason: String) { freeze = Freeze(.person, reason) }

    /// Goes on. Who turned sick until now does not pull the brake again.
    public mutating func thaw() {
        freeze = nil
        for machine in machines where machine.leftHealth != nil { change(machine.name) { $0.leftHealth = nil } }
    }
}
