import Vocabulary

/// What somebody wants to roll.
public struct RollRequest: Hashable, Sendable {
    public var profile: String
    /// For people: `web@41`.
    public var title: String
    public var images: [Architecture: Digest]
    public var spec: RollSpec
    /// Only these machines of the profile; nil for all.
    public var only: Set<String>?

    public init(
        profile: String,
        title: String,
        images: [Architecture: Digest],
        spec: RollSpec = RollSpec(),
        only: Set<String>? = nil
    ) {
        self.profile = profile
        self.title = title
        self.images = images
        self.spec = spec
        self.only = only
    }
}

/// What a roll would do, before anything is done.
public struct RollPlan: Hashable, Sendable {
    /// A machine that is left out.
    public struct Exclusion: Hashable, Sendable {
        public let machine: String
        /// For people.
        public let reason: String
    }

    /// How many may be unavailable at once in one failure domain, or everywhere.
    public struct Budget: Hashable, Sendable {
        /// `web`, `rack r7`, `the fleet`.
        public let place: String
        public let limit: Int
        public let population: Int
        /// Now, before the roll.
        public let unavailable: Int
    }

    /// The machines of each stage in the order of their turns; the canary's is the first, if there is one.
    public var stages: [[String]] = []
    public var hasCanary = false
    /// Who has the image already.
    public var converged: [String] = []
    public var excluded: [Exclusion] = []
    public var budgets: [Budget] = []
    /// Why it would not be started, for people; empty when it would.
    public var refusals: [String] = []
    /// If every machine does what its model does usually; nil when that is not known of any of them.
    public var estimate: TimeSpan?

    public var members: Int { stages.reduce(0) { $0 + $1.count } }
}

extension FleetRows {
    /// What a roll would do now.
    public func plan(_ request: RollRequest, now: Timestamp, zones: ZoneOffsets) -> RollPlan {
        var plan = RollPlan()
        var members: [MachineRow] = []
        for machine in machines where machine.profile == request.profile {
            guard request.only?.contains(machine.name) ?? true else { continue }
            guard let target = request.images[machine.architecture] else {
                let reason = "there is no image for \(machine.architecture.rawValue)"
                plan.excluded.append(.init(machine: machine.name, reason: reason))
                continue
            }
            if let reason = exclusion(machine) {
                plan.excluded.append(.init(machine: machine.name, reason: reason))
            } else if machine.boot.isProven, machine.boot.assigned == target {
                plan.converged.append(machine.name)
            } else {
                members.append(machine)
            }
        }
        let canaries = RollOrder.canaries(of: members, request.spec.canary)
        let chosen = Set(canaries.map(\.name))
        let rest = RollOrder.spread(members.filter { !chosen.contains($0.name) }, over: request.spec.per.keys.min())
        plan.hasCanary = !canaries.isEmpty
        plan.stages = RollOrder.stages(canaries: canaries, rest: rest, request.spec.waves)
        plan.budgets = budgets(request)
        plan.refusals = refusals(request, plan, now: now, zones: zones)
        plan.estimate = estimate(plan, request)
        return plan
    }

    private func exclusion(_ machine: MachineRow) -> String? {
        if machine.state != .active { return machine.state == .retired ? "is retired" : "is in maintenance" }
        if machine.isPinned { return "is pinned" }
        if machine.boot.lastGood == nil { return "never was healthy: it gets what it is meant to have by itself" }
        if let part = machine.part, let roll = roll(part.roll), roll.isOpen || part.phase.isInFlight {
            return "has its part in \(part.roll)"
        }
        return nil
    }

    private func refusals(_ request: RollRequest, _ plan: RollPlan, now: Timestamp, zones: ZoneOffsets) -> [String] {
        var refusals: [String] = []
        if plan.members == 0 { refusals.append("no machine of \(request.profile) would change") }
        let taken = plan.excluded.filter { $0.reason.hasPrefix("has its part in") }
        if let first = taken.first {
            refusals.append("\(taken.count) machines have a part in a roll that is open (\(first.machine))")
        }
        for budget in plan.budgets where budget.limit == 0 && budget.population > 0 {
            refusals.append("no machine of \(budget.place) may ever be unavailable")
        }
        if let window = request.spec.window {
            if zones.offset(window.timeZone, now) == nil {
                refusals.append("nobody here knows the time zone \(window.timeZone)")
            } else if window.nextOpening(from: now, zones: zones) == nil {
                refusals.append("the window does not open within a week")
            }
        }
        return refusals
    }

    /// Starts a roll: its machines are meant to have the image from now on, and get their turns as the spec says.
    public mutating func start(
        _ request: RollRequest,
        now: Timestamp,
        zones: ZoneOffsets
    ) throws(RollRefusal) -> RollID {
        let plan = plan(request, now: now, zones: zones)
        guard plan.refusals.isEmpty else { throw RollRefusal(plan.refusals.joined(separator: "; ")) }
        let id = nextRoll
        rolls.append(
            RollRow(
                id: id,
                profile: request.profile,
                title: request.title,
                spec: request.spec,
                stages: plan.stages.count,
                hasCanary: plan.hasCanary
            )
        )
        let observed = clock.observed
        var order = 0
        for (stage, names) in plan.stages.enumerated() {
            for name in names {
                change(name) { machine in
                    guard let target = request.images[machine.architecture], let from = machine.boot.lastGood else {
                        return
                    }
                    var part = RollPart(roll: id, stage: stage, order: order, target: target, from: from)
                    part.since = observed
                    part.errands = machine.part?.errands ?? 0
                    part.isDrained = machine.part?.isDrained ?? false
                    machine.part = part
                    machine.boot.desired = target
                }
                order += 1
            }
        }
        return id
    }
}
