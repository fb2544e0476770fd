import Vocabulary

/// What comes next for one roll.
extension Decider {
    mutating func look(at roll: RollRow, _ standing: Standing) {
        var isStalled = false
        if let hold = failure(of: roll, standing) {
            stop(roll, hold)
        } else if case .held(let hold) = roll.status {
            wait(roll, .held(hold.reason))
        } else if isFrozen {
            wait(roll, .frozen(rows.freeze?.reason ?? "the brake was pulled"))
        } else if standing.isSettling || settleRelapses(of: roll, standing) {
            // The next look counts them, before anybody else has a turn.
            return
        } else if roll.isPaused {
            wait(roll, .paused)
        } else if !standing.stageIsOver {
            isStalled = giveTurns(roll, standing)
            if standing.isNearlyOver(mayFail: mayFail(roll, standing)) { bake(roll) }
        } else if roll.isCanaryStage, let skipped = standing.canarySkipped {
            intents.append(.hold(roll.id, .init(.canaryUnproven, "a canary proved nothing: \(skipped)")))
        } else {
            closeStage(roll)
        }
        if !isStalled, roll.stalledSince != nil { intents.append(.stall(roll.id, since: nil)) }
    }

    mutating func wait(_ roll: RollRow, _ reason: WaitingReason) {
        if explains == roll.id { waiting.append(reason) }
    }

    private func mostFailures(_ roll: RollRow, _ standing: Standing) -> Int {
        roll.spec.maxFailures.count(of: standing.members)
    }

    /// How many machines of the stage may fail and the roll goes on.
    private func mayFail(_ roll: RollRow, _ standing: Standing) -> Int {
        roll.isCanaryStage ? 0 : mostFailures(roll, standing) + roll.forgiven - standing.failed
    }

    /// Why the roll must stop, if it has not for that reason.
    private func failure(of roll: RollRow, _ standing: Standing) -> RollRow.Hold? {
        guard roll.isRunning else { return nil }
        if let canary = standing.canaryFailed { return .init(.canaryFailed, "a canary failed: \(canary)") }
        let most = mostFailures(roll, standing)
        guard standing.failed - roll.forgiven > most else { return nil }
        return .init(.failures, "\(standing.failed) machines failed, and \(most) may")
    }

    /// Counts machines that were done and are not any more as failures, until there are enough of them to stop.
    private mutating func settleRelapses(of roll: RollRow, _ standing: Standing) -> Bool {
        guard roll.isRunning, !standing.relapsed.isEmpty else { return false }
        let left = mostFailures(roll, standing) + 1 - (standing.failed - roll.forgiven)
        for (place, failure) in standing.relapsed.prefix(max(1, left)) {
            let machine = rows.machines[place]
            if let part = machine.part { settle(machine, part, failure) }
        }
        return true
    }

    private mutating func stop(_ roll: RollRow, _ hold: RollRow.Hold) {
        if roll.spec.onFailure == .rollback, !roll.isRollback {
            intents.append(.rollBack(roll.id, as: rows.nextRoll))
        } else {
            intents.append(.hold(roll.id, hold))
        }
    }

    /// - Returns: whether the stage has baked.
    @discardableResult
    private mutating func bake(_ roll: RollRow) -> Bool {
        guard let until = roll.bakeUntil else {
            intents.append(.bake(roll.id, stage: roll.stage, until: observed + roll.spec.bake))
            return false
        }
        guard until > observed else { return true }
        wait(roll, .baking(left: until - observed))
        return false
    }

    /// Bakes, asks the gates, and goes on.
    private mutating func closeStage(_ roll: RollRow) {
        guard bake(roll) else { return }
        for (index, check) in roll.gates.enumerated() {
            switch check.outcome {
            case .pass: continue
            case .fail(let reason):
                return stop(roll, .init(.gateFailed, "gate \(index + 1) failed: \(reason)"))
            case .unknown(let reason):
                intents.append(.hold(roll.id, .init(.gateUnknown, "gate \(index + 1) gave no answer: \(reason)")))
                return
            case nil:
                if check.asked == nil {
                    intents.append(.ask(roll.id, stage: roll.stage, gate: index))
                } else {
                    wait(roll, .gate(index + 1))
                }
                return
            }
        }
        intents.append(roll.stage + 1 < roll.stages ? .advance(roll.id, to: roll.stage + 1) : .finish(roll.id))
    }

    /// - Returns: true when nothing can move for want of room, and nobody's turn will make any.
    private mutating func giveTurns(_ roll: RollRow, _ standing: Standing) -> Bool {
        if explains == roll.id, !standing.inFlight.isEmpty {
            let machines = standing.inFlight.map { rows.machines[$0] }
            waiting.append(.turns(machines, mayReboot: roll.spec.reboot == .auto))
            waiting += machines.compactMap { .drain($0, roll.spec, at: observed) }.prefix(3)
        }
        guard isOpen(roll) else { return false }
        let candidates = roll.isRollback ? standing.ready + standing.ill : standing.ready
        if candidates.isEmpty {
            if standing.inFlight.isEmpty { passOver(standing.ill, roll) }
            return false
        }
        guard let obstacle = grant(candidates, roll), !isAnythingInFlight else { return false }
        return watchStall(roll, obstacle)
    }

    private mutating func isOpen(_ roll: RollRow) -> Bool {
        guard let window = roll.spec.window else { return true }
        guard let offset = zones.offset(window.timeZone, now) else {
            wait(roll, .unknownTimeZone(window.timeZone))
            return false
        }
        if window.isOpen(at: now, offset: offset) { return true }
        if explains == roll.id { waiting.append(.window(opens: window.nextOpening(from: now, zones: zones))) }
        return false
    }

    /// Gives turns in the roll's order, past machines whose failure domain is full.
    /// - Returns: the first room that was too full, if nobody got a turn.
    private mutating func grant(_ candidates: [Int], _ roll: RollRow) -> Int? {
        let turns = candidates.map { (order: order($0), place: $0) }.sorted { $0.order < $1.order }
        var granted = false
        var obstacles: [Int] = []
        for (_, place) in turns {
            let machine = rows.machines[place]
            if let room = tally.obstacle(to: machine, at: place, cures: roll.isRollback) {
                if obstacles.count < 3, !obstacles.contains(room) { obstacles.append(room) }
                if tally.rooms[room].domain == nil { break }
                continue
            }
            tally.take(machine, at: place)
            granted = true
            intents.append(.grant(machine: machine.name, roll: roll.id, generation: machine.boot.generation + 1))
        }
        if explains == roll.id { waiting += obstacles.map { .room($0, tally, rows) } }
        return granted ? nil : obstacles.first
    }

    private func order(_ place: Int) -> Int { rows.machines[place].part?.order ?? .max }

    /// Whether the room that is missing may come back by itself: somebody's turn is not over.
    private var isAnythingInFlight: Bool { standings.contains { !$0.inFlight.isEmpty } }

    /// Nobody else's turn is left in the stage: who has not been healthy for as long as a boot may take is left out.
    private mutating func passOver(_ ill: [Int], _ roll: RollRow) {
        for place in ill {
            let machine = rows.machines[place]
            guard case .ill(let since, _) = machine.health, let part = machine.part else { continue }
            let limit = rows.bootDeadline(of: machine, roll.spec)
            if observed - since >= limit {
                settle(machine, part, .skipped("has not been healthy for \(limit)"))
            } else {
                wait(roll, .ill(machine.name))
            }
        }
    }

    private mutating func watchStall(_ roll: RollRow, _ obstacle: Int) -> Bool {
        guard let since = roll.stalledSince else {
            intents.append(.stall(roll.id, since: observed))
            return true
        }
        if observed - since >= roll.spec.patience {
            let reason = WaitingReason.room(obstacle, tally, rows)
            intents.append(.hold(roll.id, .init(.stalled, "nothing could move for \(roll.spec.patience): \(reason)")))
        }
        return true
    }
}
