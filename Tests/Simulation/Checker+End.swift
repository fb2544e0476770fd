import Rollout
import Vocabulary

/// What people said, and what must hold when it is over.
extension Checker {
    mutating func thawed() {
        isFrozen = false
        left = left.map { _ in nil }
    }

    mutating func commanded(_ world: World, _ command: RollCommand, _ id: RollID, _ before: FleetRows) {
        var record = rolls[id] ?? RollRecord()
        switch command {
        case .pause: record.isPaused = true
        case .resume:
            record.isPaused = false
            record.forgiven = record.isHeld ? record.failed.count : record.forgiven
            record.isHeld = false
            if before.roll(id)?.isRunning == false { record.gates = [:] }
        case .promote:
            record.isPaused = false
            record.isHeld = false
            record.forgiven = record.failed.count
            record.gates = [:]
            if world.rows.roll(id)?.isOpen == false { record.isEnded = true }
        case .retry:
            record.isPaused = false
            record.isHeld = false
            record.canaryFailed = nil
            record.forgiven = 0
            for row in before.machines where row.part?.roll == id {
                if row.part?.phase == .failed || row.part?.phase == .skipped {
                    let place = world.rows.place(of: row.name)!
                    record.hadTurn.remove(place)
                    record.failed.remove(place)
                    record.retried.insert(place)
                }
            }
            record.gates = [:]
        case .abort:
            record.isEnded = true
            for row in world.rows.machines where row.part?.roll == id && row.part?.phase != .done {
                if row.boot.desired != row.part?.from {
                    fail(world, "\(row.name) is still meant to have what was aborted")
                }
            }
        case .rollback: record.isEnded = true
        }
        rolls[id] = record
    }

    mutating func isUnfinished(_ world: World) {
        for roll in world.rows.rolls where roll.isOpen && roll.isRunning {
            let reasons = world.rows.waitingFor(roll.id, now: world.wall, zones: World.zones)
            let open = world.rows.machines.filter { $0.part?.roll == roll.id && !($0.part!.phase.isOver) }
            let some = open.prefix(5).map { "\($0.name) \($0.part!.phase) \($0.health)" }
            fail(world, "\(roll.id) neither ends nor is held; of \(open.count) machines \(some); \(reasons)")
        }
        for row in world.rows.machines where row.isInFlight {
            fail(world, "\(row.name) has its turn for ever: \(row.part!), \(row.boot)")
        }
        for row in world.rows.machines where row.part?.isDrained == true && row.isHealthy {
            fail(world, "\(row.name) is back and its hook was not told: \(row.part!)")
        }
    }

    mutating func end(_ world: World) {
        guard violation == nil else { return }
        for roll in world.rows.rolls {
            switch roll.status {
            case .running: fail(world, "\(roll.id) still runs")
            case .held(let hold):
                world.count("rolls held: \(hold.cause.rawValue)")
                let reasons = world.rows.waitingFor(roll.id, now: world.wall, zones: World.zones)
                if hold.reason.isEmpty || reasons.isEmpty { fail(world, "\(roll.id) is held without a reason") }
                if world.rows.alarms[.held(roll.id)] == nil, world.rows.freeze == nil {
                    fail(world, "\(roll.id) is held and nobody is told")
                }
            case .ended(let end): world.count("rolls ended: \(end.rawValue)")
            }
        }
        for (place, row) in world.rows.machines.enumerated() {
            if world.machines[place].isDrained, row.isHealthy, row.part?.isDrained == false, !row.isInFlight {
                fail(world, "\(row.name) is back and its hook was not told")
            }
        }
        guard world.scenario.isFair else { return }
        for roll in world.rows.rolls where roll.status != .ended(.done) {
            fail(world, "nothing went wrong, and \(roll.id) is \(roll.status)")
        }
        for row in world.rows.machines {
            if let part = row.part, part.phase != .done || row.boot.running != part.target {
                fail(world, "nothing went wrong, and \(row.name) was \(part.phase): \(part.reason ?? "")")
            }
        }
    }
}
