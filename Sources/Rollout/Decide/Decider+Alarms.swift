import Vocabulary

/// Alarms are levels too: raised while their cause stands, cleared when it is gone.
extension Decider {
    /// A script without its kernel is worth an alarm after this.
    private static let networkPatience = TimeSpan.minutes(5)

    mutating func settleAlarms() {
        var due: [Alarm] = []
        if let freeze = rows.freeze { due.append(Alarm(.frozen, "the fleet is frozen: \(freeze.reason)")) }
        for roll in rows.rolls {
            if case .held(let hold) = roll.status {
                due.append(Alarm(.held(roll.id), "\(roll.id) is held: \(hold.reason)"))
            }
        }
        for place in rows.machines.indices where mayAlarm(place) { alarm(rows.machines[place], &due) }
        for alarm in due where rows.alarms[alarm.key] != alarm { intents.append(.raise(alarm)) }
        guard !rows.alarms.isEmpty else { return }
        let standing = Set(due.map(\.key))
        let gone = rows.alarms.keys.filter { !standing.contains($0) }
        for key in gone.sorted(by: { "\($0)" < "\($1)" }) { intents.append(.clear(key)) }
    }

    private func mayAlarm(_ place: Int) -> Bool {
        rows.machines[place].withoutKernelSince != nil || rows.machines[place].boot.phase == .stuck
            || rows.machines[place].part?.isDrained == true
    }

    private func alarm(_ machine: MachineRow, _ due: inout [Alarm]) {
        guard machine.state == .active else { return }
        if let since = machine.withoutKernelSince, observed - since >= Self.networkPatience {
            let message = "\(machine.name) got its script and never fetched its kernel: network or firmware"
            due.append(Alarm(.network(machine: machine.name), message))
        }
        if machine.boot.phase == .stuck {
            due.append(Alarm(.stuck(machine: machine.name), "\(machine.name): \(machine.boot.reason ?? "is stuck")"))
        }
        if let part = machine.part, part.isDrained, part.errand?.kind == .undrain, let reason = part.errand?.reason {
            let message = "\(machine.name) is back and its drain hook has not taken note: \(reason)"
            due.append(Alarm(.undrain(machine: machine.name), message))
        }
    }
}
