import Vocabulary

extension FleetRows {
    /// How long an open roll takes from here if every machine does what its model does usually; nil when that is not known
    /// of any of them.
    public func estimate(of id: RollID) -> TimeSpan? {
        guard let roll = roll(id), roll.isOpen else { return nil }
        let request = RollRequest(profile: roll.profile, title: roll.title, images: [:], spec: roll.spec)
        var stages: [[String]] = Array(repeating: [], count: roll.stages)
        for machine in machines {
            guard let part = machine.part, part.roll == id, !part.phase.isOver, stages.indices.contains(part.stage)
            else {
                continue
            }
            stages[part.stage].append(machine.name)
        }
        var plan = RollPlan()
        plan.stages = stages.filter { !$0.isEmpty }
        plan.budgets = budgets(request)
        return estimate(plan, request)
    }

    /// What the roll's budgets come to now, the profile's first.
    func budgets(_ request: RollRequest) -> [RollPlan.Budget] {
        var copy = self
        // As if it were started: its limits, and those of the rolls that it would share them with.
        copy.rolls.append(
            RollRow(
                id: nextRoll,
                profile: request.profile,
                title: request.title,
                spec: request.spec,
                stages: 1,
                hasCanary: false
            )
        )
        return Tally(copy).rooms
            .filter { $0.profile == request.profile || $0.profile == nil }
            .map(RollPlan.Budget.init)
    }

    /// How many machines of an open roll's profile may be unavailable at once, and how many are; nil for no such roll.
    public func budget(of id: RollID) -> RollPlan.Budget? {
        guard let roll = roll(id), roll.isOpen else { return nil }
        return Tally(self).rooms.first { $0.profile == roll.profile && $0.domain == nil }.map(RollPlan.Budget.init)
    }

    /// Stage after stage: as many turns one after the other as the tightest budget makes of it, and the bake.
    func estimate(_ plan: RollPlan, _ request: RollRequest) -> TimeSpan? {
        let known = Set(plan.stages.joined()).compactMap { self[$0].flatMap { bootTimes[$0.model]?.median } }
        guard let boot = known.max() else { return nil }
        let turn = boot.milliseconds + request.spec.minHealthy.milliseconds
        var total: Int64 = 0
        for stage in plan.stages {
            let rounds = rounds(of: stage, plan, request)
            total += Int64(rounds) * turn + request.spec.bake.milliseconds
        }
        return TimeSpan(milliseconds: total)
    }

    private func rounds(of stage: [String], _ plan: RollPlan, _ request: RollRequest) -> Int {
        var rounds = 1
        let limits = Dictionary(plan.budgets.map { ($0.place, $0.limit) }, uniquingKeysWith: min)
        func add(_ place: String, _ count: Int) {
            guard let limit = limits[place], limit > 0 else { return }
            rounds = max(rounds, (count + limit - 1) / limit)
        }
        add(request.profile, stage.count)
        add("the fleet", stage.count)
        for label in Set(request.spec.per.keys).union(ceilings.per.keys) {
            let counts = Dictionary(grouping: stage) { self[$0]?.domain(label) ?? "" }
            for (value, names) in counts { add("\(label) \(value)", names.count) }
        }
        return rounds
    }
}

extension RollPlan.Budget {
    fileprivate init(_ room: Tally.Room) {
        place = room.domain.map { "\($0.label) \($0.value)" } ?? room.profile ?? "the fleet"
        limit = room.limit
        population = room.population
        unavailable = room.unavailable
    }
}
