import Rollout
import Vocabulary

/// Budgets, windows and the brake, counted once more and differently.
extension Checker {
    static func size(_ share: Share, of machines: Int) -> Int {
        switch share {
        case .count(let count): return count
        case .percent(let percent):
            if percent == 0 { return 0 }
            let whole = (machines * percent - machines * percent % 100) / 100
            return whole < 1 ? 1 : whole
        }
    }

    /// Every budget that the machines which just had their turn are in.
    mutating func checkRoom(_ world: World, _ places: [Int], _ before: FleetRows) {
        let rows = world.rows.machines
        var seen: Set<String> = []
        for place in places {
            let machine = rows[place]
            var scopes: [(label: String?, profile: String?, limits: [Share])] = []
            if let most = before.ceilings.maxUnavailable { scopes.append((nil, nil, [most])) }
            for (label, share) in before.ceilings.per { scopes.append((label, nil, [share])) }
            let open = before.rolls.filter { $0.profile == machine.profile && $0.isOpen }
            scopes.append((nil, machine.profile, open.map(\.spec.maxUnavailable)))
            for label in Set(open.flatMap { $0.spec.per.keys }) {
                scopes.append((label, machine.profile, open.compactMap { $0.spec.per[label] }))
            }
            for scope in scopes {
                let value = scope.label.map { machine.labels[$0] ?? "(none)" }
                let name = "\(scope.profile ?? "fleet") \(scope.label ?? "") \(value ?? "")"
                guard seen.insert(name).inserted else { continue }
                check(world, name, scope, value, places, before)
            }
        }
    }

    private mutating func check(
        _ world: World,
        _ name: String,
        _ scope: (label: String?, profile: String?, limits: [Share]),
        _ value: String?,
        _ places: [Int],
        _ before: FleetRows
    ) {
        var population = 0, away = 0, busy = 0, newlyAway = false
        let given = Set(places)
        for (place, row) in world.rows.machines.enumerated() {
            if let profile = scope.profile, row.profile != profile { continue }
            if let label = scope.label, (row.labels[label] ?? "(none)") != value { continue }
            let hasTurn = Self.hasTurn(row)
            if hasTurn { busy += 1 }
            guard row.state == .active, row.boot.lastGood != nil else { continue }
            population += 1
            if hasTurn || !row.isHealthy { away += 1 }
            if given.contains(place), before.machines[place].isHealthy { newlyAway = true }
        }
        let limit = scope.limits.map { Self.size($0, of: population) }.min() ?? 0
        if newlyAway, away > limit { fail(world, "\(away) of \(limit) are unavailable in \(name) after a grant") }
        if busy > limit { fail(world, "\(busy) of \(limit) have their turn in \(name)") }
    }

    func brakeIsDue(_ world: World) -> Bool {
        var population = 0, lost = 0
        for (place, row) in world.rows.machines.enumerated() where row.state == .active && row.boot.lastGood != nil {
            population += 1
            if let left = left[place], honest - left <= 600_000 { lost += 1 }
        }
        return lost > 3 && lost > Self.size(.percent(20), of: population)
    }

    /// By the minute of the local week.
    static func isOpen(_ window: Window, at wall: Timestamp) -> Bool {
        let ahead: Int64 = wall.milliseconds >= 1_774_746_000_000 ? 4 : 3
        let minutes = wall.milliseconds / 60_000 + ahead * 60
        // The epoch was a Thursday: 4,320 minutes of that week had passed.
        let minuteOfWeek = Int((minutes + 3 * 1440) % (7 * 1440))
        let length = window.to > window.from ? window.to - window.from : 1440 - window.from + window.to
        return window.days.contains { day in
            let opened = day.rawValue * 1440 + window.from
            return (minuteOfWeek - opened + 7 * 1440) % (7 * 1440) < length
        }
    }
}
