import Rollout
import Vocabulary

/// Times one tick for 10,000 machines in the middle of a roll, with racks, ceilings and two more rolls.
/// - Returns: true when the slowest of them took less than 50 ms.
func measureDecision() -> Bool {
    let count = 10_000
    let old = Digest(octets: [UInt8](repeating: 1, count: 32))!, new = Digest(octets: [UInt8](repeating: 2, count: 32))!
    var machines: [MachineRow] = []
    for number in 0..<count {
        var machine = MachineRow(
            name: "node-\(100_000 + number)",
            profile: "p\(number % 3)",
            model: "m\(number % 7)",
            labels: ["rack": "r\(number % 400)", "zone": "z\(number % 5)", "role": "web"],
            boot: MachineBootState(desired: old, assigned: old, lastGood: old, running: old)
        )
        machine.health = .healthy(since: ObservedTime(milliseconds: 0))
        machines.append(machine)
    }
    var rows = FleetRows(machines: machines)
    rows.ceilings = .init(maxUnavailable: .percent(20), per: ["rack": .count(5), "zone": .percent(40)])
    let epoch = rows.lease.take("here")
    var spec = RollSpec()
    spec.canary.count = .count(0)
    spec.waves = [.percent(100)]
    spec.per = ["rack": .count(2), "zone": .percent(20)]
    for profile in 0..<3 {
        let request = RollRequest(profile: "p\(profile)", title: "2", images: [.amd64: new], spec: spec)
        _ = try? rows.start(request, now: Timestamp(milliseconds: 0), zones: .utc)
    }
    var slowest = Duration.zero, total = Duration.zero, ticks = 0, intents = 0
    let clock = ContinuousClock()
    for _ in 0..<40 {
        let began = clock.now
        let stored = (try? rows.tick(epoch: epoch, now: Timestamp(milliseconds: 0), zones: .utc)) ?? []
        let took = clock.now - began
        slowest = max(slowest, took)
        total += took
        ticks += 1
        intents += stored.count
    }
    print(
        "\(count) machines, \(rows.rolls.count) rolls, \(ticks) ticks, \(intents) intents: slowest \(slowest), mean \(total / ticks)"
    )
    return slowest < .milliseconds(50) && intents > 0
}
