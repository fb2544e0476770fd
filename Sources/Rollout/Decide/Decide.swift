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
        standings = Array(repeating: Standing(), count: rows.rolls.count)
    }

    mutating func run() {
        pullBrake()
        for (place, machine) in rows.machines.enumerated() {
            guard let part = machine.part, let roll = places[part.roll] else { continue }
            standings[roll].count(machine, part, at: place, in: rows.rolls[roll])
            look(at: place, part, rollPlace: roll)
        }
        for place in rows.rolls.indices where rows.rolls[place].isOpen { look(at: rows.rolls[place], standings[place]) }
        settleAlarms()
    }

    /// Machines that left health lately without our doing and are not back.
    private mutating func pullBrake() {
        guard !isFrozen else { return }
        var population = 0, lost = 0
        for machine in rows.machines where machine.isCounted {
            population += 1
            if let left = machine.leftHealth, observed - left <= rows.brake.within { lost += 1 }
        }
        guard lost > max(rows.brake.atLeast, rows.brake.share.count(of: population)) else { return }
        isFrozen = true
        intents.append(.freeze("\(lost) of \(population) machines turned sick within \(rows.brake.within)"))
    }
}

/// How far the machines of one roll are.
struct Standing {
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

    mutating func count(_ machine: MachineRow, _ part: RollPart, at place: Int, in roll: RollRow) {
        members += 1
        if part.stage == roll.stage { stageMembers += 1 }
        let isCanary = roll.hasCanary && part.stage == 0
        switch part.phase {
        case .waiting:
            guard part.stage <= roll.stage else { return }
            if machine.isHealthy { ready.append(place) } else { ill.append(place) }
        case .granted, .draining, .rebooting: inFlight.append(place)
        case .done: break
        case .failed:
            failed += 1
            if isCanary, canaryFailed == nil { canaryFailed = "\(machine.name): \(part.reason ?? "failed")" }
        case .skipped:
            if isCanary, canarySkipped == nil { canarySkipped = "\(machine.name): \(part.reason ?? "passed over")" }
        }
    }

    var stageIsOver: Bool { ready.isEmpty && ill.isEmpty && inFlight.isEmpty }

    /// Whether so few turns are left, one in twenty at most, that the roll goes on if all of them fail. The stage bakes from
    /// then on: one machine that hangs until its deadline keeps the next stage waiting, and not the watch over the others.
    func isNearlyOver(mayFail: Int) -> Bool {
        ready.isEmpty && ill.isEmpty && inFlight.count <= min(stageMembers / 20, mayFail)
    }
}
