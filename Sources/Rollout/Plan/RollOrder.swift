import Vocabulary

/// Who comes when. The same machines give the same order.
enum RollOrder {
    /// The label's machines first, then the healthy, then by name; with `onePerModel` one of each model before a second.
    static func canaries(of machines: [MachineRow], _ canary: RollSpec.Canary) -> [MachineRow] {
        let wanted = canary.count.count(of: machines.count)
        guard wanted > 0 else { return [] }
        func rank(_ machine: MachineRow) -> Int {
            let isPreferred = canary.prefer.map { machine.labels[$0.name] == $0.value } ?? false
            return (isPreferred ? 0 : 2) + (machine.isHealthy ? 0 : 1)
        }
        let sorted = machines.sorted { (rank($0), $0.name) < (rank($1), $1.name) }
        guard canary.onePerModel else { return Array(sorted.prefix(wanted)) }
        var models: Set<String> = []
        var firsts: [MachineRow] = [], others: [MachineRow] = []
        for machine in sorted {
            if models.insert(machine.model).inserted { firsts.append(machine) } else { others.append(machine) }
        }
        return firsts + others.prefix(max(0, wanted - firsts.count))
    }

    /// One of each failure domain in turn, so that a wave never stands in one of them.
    static func spread(_ machines: [MachineRow], over label: String?) -> [MachineRow] {
        guard let label else { return machines }
        var turns: [String: Int] = [:]
        return
            machines.map { machine in
                let domain = machine.domain(label)
                let turn = turns[domain, default: 0]
                turns[domain] = turn + 1
                return (turn: turn, domain: domain, machine: machine)
            }
            .sorted { ($0.turn, $0.domain) < ($1.turn, $1.domain) }
            .map(\.machine)
    }

    /// Each wave ends when so much of all has had its turn; what the last one leaves goes in a wave of its own.
    static func stages(canaries: [MachineRow], rest: [MachineRow], _ waves: [Share]) -> [[String]] {
        let total = canaries.count + rest.count
        var stages = canaries.isEmpty ? [] : [canaries.map(\.name)]
        var done = 0
        for wave in waves.map({ $0.count(of: total) }) + [total] {
            let end = min(rest.count, wave - canaries.count)
            guard end > done else { continue }
            stages.append(rest[done..<end].map(\.name))
            done = end
        }
        return stages
    }
}
