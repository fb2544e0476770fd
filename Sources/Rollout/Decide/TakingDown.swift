import Vocabulary

extension FleetRows {
    /// Why these machines may not be made unavailable together now: what has no room for them, in words; nil when they
    /// may. Who is unavailable already, or counts in no budget, may always.
    ///
    /// - Parameter specs: the budgets of profiles of which no roll is open; those of open rolls hold anyway.
    public func refusalToTakeDown(_ names: [String], specs: [String: RollSpec]) -> String? {
        if let freeze { return "the fleet is frozen: \(freeze.reason)" }
        var copy = self
        for (profile, spec) in specs.sorted(by: { $0.key < $1.key }) {
            copy.rolls.append(
                RollRow(
                    id: copy.nextRoll,
                    profile: profile,
                    title: profile,
                    spec: spec,
                    stages: 1,
                    hasCanary: false
                )
            )
        }
        var tally = Tally(copy)
        for name in names {
            guard let place = copy.place(of: name) else { continue }
            let machine = copy.machines[place]
            guard machine.isCounted, !machine.isUnavailable else { continue }
            if let room = tally.obstacle(to: machine, at: place, cures: false) {
                return "\(name): \(WaitingReason.room(room, tally, copy))"
            }
            tally.take(machine, at: place)
        }
        return nil
    }
}
