import Vocabulary

extension FleetRows {
    /// What should change now, from these rows alone: the same rows give the same intents, and once they are applied
    /// and nothing else has happened there are soon none left.
    ///
    /// - Parameters:
    ///   - now: for windows only; everything else goes by `clock`.
    public func decide(now: Timestamp, zones: ZoneOffsets) -> [Intent] {
        var decider = Decider(self, now: now, zones: zones)
        decider.run()
        return decider.intents
    }

    /// What a roll waits for, the most important first; empty when its next step is under way.
    public func waitingFor(_ roll: RollID, now: Timestamp, zones: ZoneOffsets) -> [WaitingReason] {
        var decider = Decider(self, now: now, zones: zones)
        decider.explains = roll
        decider.run()
        return decider.waiting
    }
}

/// One decision in the making.
struct Decider {
    let rows: FleetRows
    let now: Timestamp
    let zones: ZoneOffsets
    let observed: ObservedTime
    var intents: [Intent] = []
    /// The roll whose reasons to wait are asked for, and those reasons: words cost more than decisions.
    var explains: RollID?
    var waiting: [WaitingReason] = []
    var isFrozen: Bool
    var tally: Tally
    /// Where rolls are in `rows.rolls`, and how far their machines are, in the same order.
    let places: [RollID: Int]
    var standings: [Standing]

    init(_ rows: FleetRows, now: Timestamp, zones: ZoneOffsets) {
        self.rows = rows
        self.now = now
        self.zones = zones
        observed = rows.clock.observed
        isFrozen = rows.freeze != nil
        tally = Tally(rows)
        places = Dictionary(uniqueKeysWithValues: rows.rolls.enumerated().map { ($1.id, $0) })
        standings = rows.rolls.map { Standing(stage: $0.stage, hasCanary: $0.hasCanary) }
    }

    mutating func run() {
        pullBrake()
        // By place: of ten thousand machines a few have something to look at, and a copy of each costs more than the look.
        for place in rows.machines.indices {
            guard let id = rows.machines[place].part?.roll, let roll = places[id] else { continue }
            standings[roll].count(rows, at: place)
            if !rows.machines[place].isAtRest(in: rows.rolls[roll].profile) { look(at: place, rollPlace: roll) }
        }
        for place in rows.rolls.indices where rows.rolls[place].isOpen { look(at: rows.rolls[place], standings[place]) }
        settleAlarms()
    }

    /// Machines that left health lately without our doing and are not back.
    private mutating func pullBrake() {
        guard !isFrozen else { return }
        let (lost, population) = rows.lostLately(at: observed)
        guard lost > max(rows.brake.atLeast, rows.brake.share.count(of: population)) else { return }
        isFrozen = true
        intents.append(.freeze("\(lost) of \(population) machines turned sick within \(rows.brake.within)"))
    }
}

extension FleetRows {
    /// How many machines left health lately, of how many that count.
    fileprivate func lostLately(at now: ObservedTime) -> (lost: Int, population: Int) {
        var population = 0, lost = 0
        for place in machines.indices where machines[place].isCounted {
            population += 1
            if let left = machines[place].leftHealth, now - left <= brake.within { lost += 1 }
        }
        return (lost, population)
    }
}

/// How far the machines of one roll are.
struct Standing {
    /// The roll's, read for every machine.
    let stage: Int
    let hasCanary: Bool
    /// Places of machines whose stage is open and whose turn has not come.
    var ready: [Int] = []
    /// The same, of those that are not healthy.
    var ill: [Int] = []
    /// Places of machines that have their turn.
    var inFlight: [Int] = []
    /// Who was done and is not any more.
    var relapsed: [(machine: Int, failure: Intent.Outcome)] = []
    /// Somebody's turn ends with this look: the next one counts how.
    var isSettling = false
    var members = 0
    /// Those of them whose stage is the roll's.
    var stageMembers = 0
    var failed = 0
    var canaryFailed: String?
    var canarySkipped: String?

    init(stage: Int, hasCanary: Bool) {
        self.stage = stage
        self.hasCanary = hasCanary
    }

    mutating func count(_ rows: FleetRows, at place: Int) {
        guard let phase = rows.machines[place].part?.phase, let stage = rows.machines[place].part?.stage else { return }
        members += 1
        if stage == self.stage { stageMembers += 1 }
        switch phase {
        case .waiting:
            guard stage <= self.stage else { return }
            if rows.machines[place].isHealthy { ready.append(place) } else { ill.append(place) }
        case .granted, .draining, .rebooting: inFlight.append(place)
        case .done: break
        case .failed:
            failed += 1
            if hasCanary, stage == 0, canaryFailed == nil { canaryFailed = rows.machines[place].fate }
        case .skipped:
            if hasCanary, stage == 0, canarySkipped == nil { canarySkipped = rows.machines[place].fate }
        }
    }

    var stageIsOver: Bool { ready.isEmpty && ill.isEmpty && inFlight.isEmpty }

    /// Whether so few turns are left, one in twenty at most, that the roll goes on if all of them fail. The stage bakes from
    /// then on: one machine that hangs until its deadline keeps the next stage waiting, and not the watch over the others.
    func isNearlyOver(mayFail: Int) -> Bool {
        ready.isEmpty && ill.isEmpty && inFlight.count <= min(stageMembers / 20, mayFail)
    }
}

extension MachineRow {
    /// What came of its turn, for people.
    fileprivate var fate: String { "\(name): \(part?.reason ?? part?.phase.rawValue ?? "")" }
}
