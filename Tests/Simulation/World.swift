import Rollout
import Vocabulary

/// Everything outside of the engine: machines, their ledger, the store, the drivers and the people, on one agenda.
///
/// The ledger's rules are the product's own; what the machines truly do is known here only, and to the `Checker`.
final class World {
    struct Machine {
        let name: String
        let rack: Int
        let model: String
        var hasPower = true
        /// Counts whatever ends all that was about to happen to it.
        var life = 0
        var running: Digest?
        var isHeard = true
        /// It says nothing in this boot.
        var isMute = false
        /// Work was taken away by the hook.
        var isDrained = false
    }
    struct Ledger {
        var state: MachineBootState
        var open: OpenBoot?
    }

    let seed: UInt64
    var random: SeededGenerator
    let scenario: Scenario
    var agenda = Agenda()
    var time: Int64 = 0
    /// What somebody did to the wall clock.
    var skew: Int64 = 0
    var rows: FleetRows
    var machines: [Machine]
    var ledger: [Ledger]
    var images: [Digest: Scenario.Image] = [:]
    var imageCount = 1
    var storeIsUp = true
    var planeIsUp = true
    var rackHasPower: [Bool]
    /// Machines whose rows have not followed the ledger, because the store was away.
    var behind: Set<Int> = []
    var drivers: [Driver] = []
    var isCalm = false
    var isOver = false
    var checker = Checker()
    var counts: [String: Int] = [:]
    /// Prints what happens.
    var isVerbose = false
    private var boots: UInt64 = 0
    let rules = BootRules()

    init(seed: UInt64) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        scenario = Scenario(seed: seed, &random)
        let first = scenario.image(0, &random)
        images[first.digest] = first
        rackHasPower = Array(repeating: true, count: scenario.racks)
        machines = []
        var rows: [MachineRow] = []
        for number in 0..<scenario.size {
            let digits = String(number)
            let name = "n" + String(repeating: "0", count: 4 - digits.count) + digits
            let machine = Machine(
                name: name,
                rack: number % scenario.racks,
                model: scenario.models[random.int(0...(scenario.models.count - 1))]
            )
            var labels = ["rack": "r\(machine.rack)"]
            if random.chance(100) { labels["canary"] = "true" }
            if random.chance(30) { labels["rack"] = nil }
            machines.append(machine)
            rows.append(
                MachineRow(
                    name: name,
                    profile: scenario.profiles[number % scenario.profiles.count],
                    model: machine.model,
                    labels: labels,
                    boot: MachineBootState(desired: first.digest, assigned: first.digest, lastGood: first.digest)
                )
            )
        }
        self.rows = FleetRows(machines: rows)
        self.rows.ceilings = scenario.ceilings
        ledger = rows.map { Ledger(state: $0.boot) }
        checker.begin(self)
    }

    var wall: Timestamp { Timestamp(milliseconds: 1_774_600_000_000 + time + skew) }

    /// Three hours ahead, and four from the 29th of March 2026 on.
    static let zones = ZoneOffsets { zone, moment in
        guard zone == "Sim/East" else { return nil }
        return moment.milliseconds >= 1_774_746_000_000 ? 4 * 3600 : 3 * 3600
    }

    func after(_ delay: Int64, _ action: @escaping (World) -> Void) { agenda.add(at: time + delay, action) }

    func count(_ what: String) {
        counts[what, default: 0] += 1
        if !what.hasPrefix("·") { tell(what) }
    }

    func tell(_ what: @autoclosure () -> String) {
        if isVerbose { print("\(TimeSpan(milliseconds: time))\t\(what())") }
    }

    // MARK: the ledger

    func newBootID() -> BootID {
        boots += 1
        return BootID(milliseconds: boots, using: &random)
    }

    /// Changes the ledger's row of a machine; the store follows when it is there.
    func write(_ place: Int, _ body: (inout Ledger) -> Void) {
        body(&ledger[place])
        checker.ledgerChanged(self, place)
        if storeIsUp { follow(place) } else { behind.insert(place) }
    }

    func follow(_ place: Int) {
        let before = rows.machines[place]
        rows.observe(
            before.name,
            boot: ledger[place].state,
            open: ledger[place].open,
            isHeard: machines[place].isHeard
        )
        checker.rowFollowed(self, place, before)
        wake()
    }

    /// What the engine stored reaches the ledger in the same transaction.
    func adoptGrants(_ names: [String]) {
        for name in names {
            guard let place = rows.place(of: name) else { continue }
            ledger[place].state = rows.machines[place].boot
        }
    }

    // MARK: ticks

    private var isAwake = false

    /// Something changed: drivers look at it soon.
    func wake() {
        guard !isAwake else { return }
        isAwake = true
        after(random.seconds(scenario.tickDelay)) { world in
            world.isAwake = false
            for driver in world.drivers { driver.tick(world) }
        }
    }

    /// Runs until everything is over, or the horizon is reached.
    func run() {
        while !isOver, checker.violation == nil, let entry = agenda.next() {
            checker.pass(self, to: entry.time)
            time = max(time, entry.time)
            entry.action(self)
        }
        checker.end(self)
    }
}
