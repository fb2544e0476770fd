import Rollout
import Vocabulary

/// What must hold of everything that a driver stored.
extension Checker {
    mutating func stored(_ world: World, _ intents: [Intent], _ before: FleetRows) {
        var touched: [String] = []
        var givenTurns: [Int] = []
        for intent in intents {
            note(Int64(intent.hashValue))
            world.tell("\(intent)")
            world.count(intent.label)
            switch intent {
            case .freeze: isFrozen = true
            case .grant(let name, let roll, let generation):
                touched.append(name)
                if gaveTurn(world, name, roll, generation, before) { givenTurns.append(world.rows.place(of: name)!) }
            case .reboot(let name, _, _, _, _):
                let turn = world.rows.place(of: name).flatMap { turns[$0] }
                let isLate = turn.map { $0.reboots == 0 && honest - $0.lastStep >= $0.patience } ?? false
                step(world, name, before) { turn in
                    turn.reboots += 1
                    turn.isLate = isLate
                }
            case .notice(let name, _, _, _): step(world, name, before) { _ in }
            case .settle(let name, _, _, let outcome):
                touched.append(name)
                settled(world, name, outcome, before)
            case .undo(let name, _):
                touched.append(name)
                let place = world.rows.place(of: name)!
                if let turn = turns[place] { rolls[turn.roll]?.hadTurn.remove(place) }
                turns[place] = nil
            case .advance(let roll, let stage): closedStage(world, roll, stage - 1, before)
            case .finish(let roll):
                closedStage(world, roll, before.roll(roll)?.stage ?? 0, before)
                finished(world, roll)
            case .rollBack(let roll, let next):
                rolledBack(world, roll, next)
                touched += before.machines.filter { $0.part?.roll == roll }.map(\.name)
            case .hold(let roll, _): rolls[roll, default: RollRecord()].isHeld = true
            case .drain, .undrain, .recover, .bake, .ask, .stall, .raise, .clear: break
            }
        }
        world.adoptGrants(touched)
        for name in touched { checkAssignment(world, name, before) }
        if !givenTurns.isEmpty {
            if brakeIsDue(world) { fail(world, "turns were given while machines turn sick in numbers") }
            checkOrder(world, givenTurns, before)
            checkRoom(world, givenTurns, before)
        }
    }

    private mutating func step(_ world: World, _ name: String, _ before: FleetRows, _ body: (inout Turn) -> Void) {
        guard let place = world.rows.place(of: name), turns[place] != nil else { return }
        let longest = before.bootTimes[world.machines[place].model]?.p99.map { 3 * $0.milliseconds } ?? 0
        turns[place]?.lastStep = honest
        turns[place]?.patience = max(600_000, longest)
        body(&turns[place]!)
    }

    /// - Returns: whether the grant was one, and not overtaken by something.
    private mutating func gaveTurn(
        _ world: World,
        _ name: String,
        _ id: RollID,
        _ generation: Int,
        _ before: FleetRows
    ) -> Bool {
        guard let place = world.rows.place(of: name), let old = before[name], let roll = before.roll(id),
            let part = world.rows[name]?.part, Self.hasTurn(world.rows[name]!), part.generation == generation,
            old.boot.generation == generation - 1
        else { return false }
        var record = rolls[id] ?? RollRecord()
        if isFrozen { fail(world, "\(name) was granted in a frozen fleet") }
        if record.isPaused { fail(world, "\(name) was granted in \(id), which is paused") }
        if record.isEnded { fail(world, "\(name) was granted in \(id), which has ended") }
        if record.isHeld { fail(world, "\(name) was granted in \(id), which is held") }
        if let canary = record.canaryFailed { fail(world, "\(name) was granted after the canary \(canary) failed") }
        if old.state != .active || old.isPinned { fail(world, "\(name) was granted and is \(old.state)") }
        if !record.hadTurn.insert(place).inserted { fail(world, "\(name) was granted twice in \(id)") }
        if record.failed.count - record.forgiven > Self.size(roll.spec.maxFailures, of: record.members) {
            fail(world, "\(name) was granted after \(record.failed.count) failures in \(id)")
        }
        if let window = roll.spec.window, !Self.isOpen(window, at: world.wall) {
            fail(world, "\(name) was granted outside of the window")
        }
        record.order.append(place)
        rolls[id] = record
        turns[place] = Turn(roll: id, generation: generation, lastStep: honest, bootEpoch: old.boot.bootEpoch)
        granted[place] = part.target
        return true
    }

    /// Nobody has a turn before an earlier stage is over, or before a machine that turned sick is counted; and where there
    /// are no failure domains, whoever comes first goes first.
    private mutating func checkOrder(_ world: World, _ places: [Int], _ before: FleetRows) {
        for roll in before.rolls {
            let given = places.compactMap { world.rows.machines[$0].part }.filter { $0.roll == roll.id }
            guard let stage = given.map(\.stage).max(), let order = given.map(\.order).max() else { continue }
            let isPlain =
                before.ceilings.per.isEmpty
                && !before.rolls.contains { $0.isOpen && $0.profile == roll.profile && !$0.spec.per.isEmpty }
            for place in before.machines.indices {
                guard let part = before.machines[place].part, part.roll == roll.id else { continue }
                let name = before.machines[place].name
                if part.phase == .done, Self.saysItIsSick(before.machines[place]) {
                    fail(world, "\(roll.id) goes on, and \(name) was done and says that it is not well")
                }
                if part.stage < stage, !part.phase.isOver, rolls[roll.id]?.retried.contains(place) != true {
                    fail(world, "stage \(stage) of \(roll.id) begins before \(name) of stage \(part.stage) is over")
                }
                if isPlain, part.phase == .waiting, part.order < order, before.machines[place].isHealthy,
                    world.rows.machines[place].part?.phase == .waiting
                {
                    fail(world, "turn \(order) of \(roll.id) comes before that of \(name), \(part.order)")
                }
            }
        }
    }

    /// Whether it still has what it was given, and its system complains.
    private static func saysItIsSick(_ row: MachineRow) -> Bool {
        row.state == .active && row.boot.generation == row.part?.generation && row.saysItIsIll
    }

    private mutating func settled(_ world: World, _ name: String, _ outcome: Intent.Outcome, _ before: FleetRows) {
        guard let place = world.rows.place(of: name), let part = before[name]?.part,
            world.rows[name]?.part != part
        else { return }
        let turn = turns[place]
        turns[place] = nil
        if !part.phase.isOver { rolls[part.roll, default: RollRecord()].overSince[place] = honest }
        switch outcome {
        case .done:
            guard let spec = before.roll(part.roll)?.spec, let row = before[name] else { return }
            if !proven[place].contains(part.target) || row.boot.running != part.target || healthySince[place] == nil {
                fail(world, "\(name) counts as done, and is not healthy on its image")
            }
            if turn != nil, honest - (healthySince[place] ?? honest) < spec.minHealthy.milliseconds {
                fail(world, "\(name) counts as done before it was healthy for \(spec.minHealthy)")
            }
        case .failed(let reason, _):
            rolls[part.roll, default: RollRecord()].failed.insert(place)
            if part.stage == 0, before.roll(part.roll)?.hasCanary == true {
                rolls[part.roll, default: RollRecord()].canaryFailed = name
            }
            if let turn, reason.contains("in time") || reason.contains("no boot began") || reason.contains("network:") {
                if honest - turn.lastStep < turn.patience {
                    fail(world, "\(name) failed \(honest - turn.lastStep) ms after its last step: \(reason)")
                }
            }
        case .skipped: break
        }
    }

    /// Outside of a grant nothing but what the machine was good on may be assigned.
    private mutating func checkAssignment(_ world: World, _ name: String, _ before: FleetRows) {
        guard let place = world.rows.place(of: name), let row = world.rows[name], let old = before[name] else { return }
        if row.boot.assigned != old.boot.assigned, turns[place] == nil {
            let allowed = [
                old.boot.lastGood, old.part?.from, row.part?.roll != old.part?.roll ? row.part?.target : nil,
            ]
            if !allowed.contains(row.boot.assigned) {
                fail(world, "\(name) was assigned \(row.boot.assigned?.short ?? "nothing") without a turn")
            }
        }
        granted[place] = row.boot.assigned
        let keepsTrial = row.part?.phase == .skipped && row.boot.bootEpoch > (row.part?.epochAtGrant ?? 0)
        if turns[place] == nil, row.part?.phase != .done, !keepsTrial,
            row.boot.assigned != row.boot.lastGood, row.boot.triesLeft > 0, row.boot.assigned == old.part?.target,
            row.boot.generation == old.part?.generation, row.state == .active, old.part?.phase != row.part?.phase
        {
            fail(world, "\(name) keeps its grant after it was \(row.part!.phase)")
        }
    }

    // MARK: stages

    private mutating func closedStage(_ world: World, _ id: RollID, _ stage: Int, _ before: FleetRows) {
        guard let roll = before.roll(id), roll.isRunning, roll.stage == stage else { return }
        let record = rolls[id] ?? RollRecord()
        if record.isPaused || record.isHeld || isFrozen { fail(world, "\(id) went on while it may not") }
        let bake = roll.spec.bake.milliseconds
        let baked = honest - bakesSince(roll, record, before)
        if baked < bake, before.machines.contains(where: { $0.part?.roll == id && $0.part?.phase == .done }) {
            fail(world, "\(id) left stage \(stage) after \(baked) ms of \(bake)")
        }
        for gate in roll.spec.gates.indices where record.gates[stage * 100 + gate] != .pass {
            fail(world, "\(id) left stage \(stage), and gate \(gate) did not pass")
        }
        for row in before.machines {
            guard let part = row.part, part.roll == id, part.stage <= stage else { continue }
            if !part.phase.isOver { fail(world, "\(id) left stage \(stage) without \(row.name)") }
            if roll.hasCanary, stage == 0, !proven[world.rows.place(of: row.name)!].contains(part.target) {
                fail(world, "\(id) left its canary stage, and \(row.name) never was healthy on the image")
            }
        }
    }

    /// When the stage could begin to bake, by `honest`: all machines were over but one in twenty, or all canaries.
    private func bakesSince(_ roll: RollRow, _ record: RollRecord, _ rows: FleetRows) -> Int64 {
        var over: [Int64] = []
        var size = 0
        for (place, row) in rows.machines.enumerated() {
            guard let part = row.part, part.roll == roll.id, part.stage <= roll.stage else { continue }
            over.append(record.overSince[place] ?? 0)
            if part.stage == roll.stage { size += 1 }
        }
        let late = roll.isCanaryStage ? 0 : size / 20
        return over.sorted(by: >).dropFirst(late).first ?? 0
    }

    private mutating func finished(_ world: World, _ id: RollID) {
        rolls[id, default: RollRecord()].isEnded = true
        for row in world.rows.machines {
            if let part = row.part, part.roll == id, !part.phase.isOver {
                fail(world, "\(id) ended without \(row.name)")
            }
        }
    }

    mutating func rolledBack(_ world: World, _ id: RollID, _ next: RollID) {
        guard world.rows.roll(next)?.kind == .rollback(of: id) else { return }
        world.count("rollbacks")
        let order = rolls[id]?.order ?? []
        rolls[next, default: RollRecord()].members = world.rows.machines.count { $0.part?.roll == next }
        rolls[id, default: RollRecord()].isEnded = true
        for place in turns.indices where turns[place]?.roll == id { keepTurn(world, place, in: next) }
        let parts = world.rows.machines.filter { $0.part?.roll == next }.sorted { $0.part!.order < $1.part!.order }
        let places = parts.map { world.rows.place(of: $0.name)! }
        let newestFirst = places.compactMap { place in order.lastIndex(of: place) }
        if newestFirst != newestFirst.sorted(by: >) { fail(world, "\(next) does not take back the newest first") }
        for place in Set(order) where world.ledger[place].state.lastGood != nil {
            let row = world.rows.machines[place]
            if proven[place].contains(row.boot.running ?? world.images.keys.min()!), row.part?.roll == id,
                row.part?.phase == .done
            {
                fail(world, "\(next) leaves \(row.name) on the image that is taken back")
            }
        }
    }
}

extension Checker {
    /// The turn ends with its roll, unless the reboot that it was for may come yet.
    private mutating func keepTurn(_ world: World, _ place: Int, in next: RollID) {
        let row = world.rows.machines[place]
        guard var turn = turns[place], let part = row.part, part.roll == next, Self.hasTurn(row) else {
            turns[place] = nil
            return
        }
        world.count("turn kept by a rollback")
        turn.roll = next
        turn.generation = part.generation
        turn.bootEpoch = row.boot.bootEpoch
        turn.reboots = 1
        turns[place] = turn
        rolls[next, default: RollRecord()].hadTurn.insert(place)
        rolls[next, default: RollRecord()].order.append(place)
    }
}

extension Intent {
    /// What is counted of it.
    fileprivate var label: String {
        switch self {
        case .freeze: "· freeze"
        case .grant: "· grant"
        case .drain: "· drain"
        case .reboot: "· reboot"
        case .notice: "· notice"
        case .settle(_, _, _, .done): "· done"
        case .settle(_, _, _, .failed): "· failed"
        case .settle(_, _, _, .skipped): "· skipped"
        case .undo: "· undo"
        case .undrain: "· undrain"
        case .recover: "· recover"
        case .bake: "· bake"
        case .ask: "· ask"
        case .advance: "· advance"
        case .hold: "· hold"
        case .rollBack: "· roll back"
        case .finish: "· finish"
        case .stall: "· stall"
        case .raise: "· alarm raised"
        case .clear: "· alarm cleared"
        }
    }
}
