import Rollout
import Vocabulary

/// A fleet, its ledger and a driver that does everything at once, so that a test reads like the story of a roll.
struct FleetStory {
    var rows: FleetRows
    var opens: [String: OpenBoot] = [:]
    var zones = ZoneOffsets.utc
    var wall = second(0)
    /// Whether reports could be received: what time counts.
    var reportsArrive = true
    private var uptime = TimeSpan.seconds(0)
    private var made: UInt64 = 1
    private(set) var epoch: Int

    /// Machines `n01`…, all healthy on image a; racks of `perRack`.
    init(_ count: Int, perRack: Int = 100, models: [String] = ["m1"]) {
        rows = FleetRows(
            machines: (0..<count).map { index in
                MachineRow(
                    name: index < 9 ? "n0\(index + 1)" : "n\(index + 1)",
                    profile: "web",
                    model: models[index % models.count],
                    labels: ["rack": "r\(index / perRack + 1)"],
                    boot: MachineBootState(desired: a, assigned: a, lastGood: a)
                )
            }
        )
        epoch = rows.lease.take("here")
        rows.clock.advance(uptime: uptime, reportsArrive: true)
        for machine in rows.machines { boot(machine.name) }
    }

    subscript(name: String) -> MachineRow { rows[name]! }
    var roll: RollRow { rows.rolls.last! }
    var granted: [String] { rows.machines.filter(\.isInFlight).map(\.name) }

    /// Time goes by, a tick every 30 seconds; errands are left alone.
    mutating func wait(_ span: TimeSpan) {
        var left = span.milliseconds
        while left > 0 {
            let step = min(left, 30_000)
            left -= step
            uptime = TimeSpan(milliseconds: uptime.milliseconds + step)
            wall = wall + .milliseconds(step)
            rows.clock.advance(uptime: uptime, reportsArrive: reportsArrive)
            if reportsArrive { tick() }
        }
    }

    /// Decides and stores until there is nothing left to decide.
    @discardableResult
    mutating func tick() -> [Intent] {
        var all: [Intent] = []
        for _ in 0..<50 {
            guard let intents = try? rows.tick(epoch: epoch, now: wall, zones: zones), !intents.isEmpty else {
                return all
            }
            all += intents
        }
        fatalError("the engine does not come to rest: \(all.suffix(3))")
    }

    mutating func start(
        _ spec: RollSpec = quick(),
        to image: Digest = b,
        profile: String = "web",
        only: Set<String>? = nil
    ) throws -> RollID {
        let request = RollRequest(profile: profile, title: "web@2", images: [.amd64: image], spec: spec, only: only)
        let id = try rows.start(request, now: wall, zones: zones)
        tick()
        return id
    }

    // MARK: machines

    /// The machine boots what the ledger gives it, and is healthy, sick or silent on it.
    mutating func boot(_ name: String, _ end: (inout MachineBootState, inout OpenBoot?) -> Void = FleetStory.healthy) {
        begin(name)
        var state = self[name].boot
        var open = opens[name]
        if var boot = open {
            _ = BootRules().fetchedWhole(&state, open: &boot, now: wall)
            open = boot
        }
        end(&state, &open)
        write(name, state, open)
    }

    /// It gets its script and no further.
    mutating func begin(_ name: String) {
        var state = self[name].boot
        var open = opens[name]
        _ = BootRules().discovered(&state, open: &open, now: wall)
        made += 1
        let id = BootID(milliseconds: made)
        _ = BootRules().scriptRequested(&state, open: &open, adopt: .roll, now: wall, makeID: { id })
        write(name, state, open)
    }

    static func healthy(_ state: inout MachineBootState, _ open: inout OpenBoot?) {
        guard var boot = open else { return }
        _ = BootRules().foundHealthy(&state, open: &boot, now: second(0))
        open = boot
    }
    static func silent(_: inout MachineBootState, _: inout OpenBoot?) {}

    /// The boot that it is in turns out well after all.
    mutating func heal(_ name: String) {
        var state = self[name].boot
        var open = opens[name]
        Self.healthy(&state, &open)
        write(name, state, open)
    }

    /// Its system says that something is wrong.
    mutating func report(_ name: String, failed reason: String) {
        var state = self[name].boot
        var open = opens[name]
        _ = BootRules().reportedFailed(&state, open: &open, reason: reason, now: wall)
        write(name, state, open)
    }

    /// It is not heard of any more.
    mutating func lose(_ name: String) { rows.observe(name, boot: self[name].boot, open: opens[name], isHeard: false) }
    mutating func find(_ name: String) { rows.observe(name, boot: self[name].boot, open: opens[name]) }

    private mutating func write(_ name: String, _ state: MachineBootState, _ open: OpenBoot?) {
        opens[name] = open
        rows.observe(name, boot: state, open: open)
    }

    // MARK: errands

    func errands() -> [(machine: String, kind: Errand.Kind)] {
        rows.work().compactMap { work in
            if case .errand(let machine, let errand) = work { (machine, errand.kind) } else { nil }
        }
    }

    /// Writes down what came of the machine's errand.
    mutating func answer(_ name: String, _ outcome: Errand.Outcome) {
        guard let errand = self[name].part?.errand else { return }
        try? rows.record(outcome, of: name, number: errand.number, epoch: epoch)
        tick()
    }

    mutating func answerGates(_ outcome: RollRow.GateOutcome) {
        for case .gate(let roll, let stage, let index, _) in rows.work() {
            try? rows.record(outcome, of: roll, stage: stage, gate: index, epoch: epoch)
        }
        tick()
    }

    /// Everybody who is to reboot does, and boots what the ledger gives.
    mutating func reboot(_ end: (inout MachineBootState, inout OpenBoot?) -> Void = FleetStory.healthy) {
        for errand in errands() {
            guard case .reboot = errand.kind else { continue }
            answer(errand.machine, .done)
            boot(errand.machine, end)
        }
        tick()
    }

    /// Turn after turn, until nobody has one.
    mutating func goOn() {
        for _ in 0..<100 where !granted.isEmpty {
            reboot()
            wait(.seconds(30))
        }
    }
}

/// A roll without waits: no canary, one wave, one at a time.
func quick(_ change: (inout RollSpec) -> Void = { _ in }) -> RollSpec {
    var spec = RollSpec()
    spec.canary.count = .count(0)
    spec.waves = [.percent(100)]
    spec.maxUnavailable = .count(1)
    spec.bake = .seconds(0)
    spec.minHealthy = .seconds(0)
    spec.maxFailures = .count(0)
    change(&spec)
    return spec
}
