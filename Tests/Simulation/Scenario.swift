import Rollout
import Vocabulary

/// What one seed is about: the fleet, its rolls, the images and what goes wrong.
struct Scenario {
    /// How an image behaves on a machine.
    enum Behaviour: Hashable {
        case good
        /// Panics soon after it was fetched, and the machine boots again.
        case crashes
        case hangs
        /// Says itself that it failed.
        case saysFailed
        /// Healthy for so many seconds, and then says that it is not.
        case turnsBad(after: Int)
        /// Healthy for so many seconds, and then the machine boots again.
        case restarts(after: Int)
    }

    struct Image {
        var digest: Digest
        var behaviour = Behaviour.good
        /// Bad on this model only; nil for all.
        var model: String?

        func behaviour(on model: String) -> Behaviour {
            self.model == nil || self.model == model ? behaviour : .good
        }
    }

    /// Per mille, of whatever each may happen to.
    struct Faults {
        var reportLost = 0
        var reportLate = 0
        var reportTwice = 0
        var mute = 0
        var kernelMissing = 0
        var bmcLies = 0
        var bmcHangs = 0
        var bmcRefuses = 0
        var killed = 0
        var paused = 0
        var drivers = 1
        var powerCuts = 0
        var storeOutages = 0
        var planeOutages = 0
        var clockJumps = 0
        var naturalReboots = 0
        var operatorActs = 0
        var drainAgain = 0
        var drainRefused = 0
        var gateFails = 0
        var gateUnknown = 0
        var isolated = 0
        var pinnedTooLate = 0
    }

    var size = 0
    var racks = 1
    var models = ["m0"]
    var profiles = ["p0"]
    var faults = Faults()
    /// Nothing goes wrong, and the images are good: every roll must end with everybody on its image.
    var isFair = false
    /// Milliseconds in which things go wrong.
    var chaos: Int64 = 0
    /// Milliseconds between a change and the tick that looks at it.
    var tickDelay = 1...3
    var bootSeconds: [String: ClosedRange<Int>] = [:]
    var ceilings = FleetRows.Ceilings()

    init(seed: UInt64, _ random: inout SeededGenerator) {
        switch seed % 100 {
        case 99: size = random.int(501...5000)
        case 90...98: size = random.int(51...500)
        default: size = random.int(3...50)
        }
        racks = max(1, size / random.int(3...12))
        models = (0..<random.int(1...3)).map { "m\($0)" }
        profiles = (0..<random.int(1...2)).map { "p\($0)" }
        for model in models {
            let least = random.pick([20, 40, 90, 300])
            bootSeconds[model] = least...(least * 3 / 2)
        }
        isFair = random.chance(150)
        if size > 500 { tickDelay = 40...45 } else if size > 50 { tickDelay = 10...15 }
        if random.chance(250) { ceilings.maxUnavailable = random.pick([.count(2), .percent(10), .percent(30)]) }
        if random.chance(200) { ceilings.per["rack"] = random.pick([.count(1), .count(2), .percent(50)]) }
        if !isFair { drawFaults(&random) }
    }

    private mutating func drawFaults(_ random: inout SeededGenerator) {
        chaos = random.seconds(1800...14_400)
        func some(_ random: inout SeededGenerator, _ range: ClosedRange<Int>) -> Int {
            random.chance(500) ? random.int(range) : 0
        }
        faults.reportLost = some(&random, 50...400)
        faults.reportLate = some(&random, 50...300)
        faults.reportTwice = some(&random, 50...500)
        faults.mute = some(&random, 10...60)
        faults.kernelMissing = some(&random, 10...80)
        faults.bmcLies = some(&random, 20...150)
        faults.bmcHangs = some(&random, 20...150)
        faults.bmcRefuses = some(&random, 20...100)
        faults.killed = some(&random, 10...120)
        faults.drivers = random.chance(500) ? 2 : 1
        faults.paused = faults.drivers == 2 ? random.int(10...60) : 0
        faults.powerCuts = some(&random, 1...3)
        faults.storeOutages = some(&random, 1...3)
        faults.planeOutages = some(&random, 1...3)
        faults.clockJumps = some(&random, 1...4)
        faults.naturalReboots = some(&random, 1...10)
        faults.operatorActs = some(&random, 2...12)
        faults.drainAgain = some(&random, 100...500)
        faults.drainRefused = some(&random, 20...100)
        faults.gateFails = some(&random, 30...150)
        faults.gateUnknown = some(&random, 30...150)
        faults.isolated = some(&random, 1...4)
        faults.pinnedTooLate = some(&random, 10...100)
    }

    func image(_ number: Int, _ random: inout SeededGenerator) -> Image {
        var octets = [UInt8](repeating: UInt8(truncatingIfNeeded: number + 1), count: 32)
        octets[31] = UInt8(truncatingIfNeeded: number >> 8)
        var image = Image(digest: Digest(octets: octets)!)
        guard number > 0, !isFair, random.chance(500) else { return image }
        image.behaviour = random.pick([
            .crashes, .hangs, .saysFailed, .turnsBad(after: 60), .turnsBad(after: 900), .turnsBad(after: 3600),
            .restarts(after: 30), .restarts(after: 200),
        ])
        if random.chance(400) { image.model = random.pick(models) }
        return image
    }

    func spec(_ random: inout SeededGenerator) -> RollSpec {
        var spec = RollSpec()
        spec.canary.count = random.pick([.count(0), .count(1), .count(1), .count(2), .percent(10)])
        spec.canary.onePerModel = random.chance(400)
        if random.chance(200) { spec.canary.prefer = .init("canary", "true") }
        spec.waves = random.pick([
            [.percent(100)], [.percent(20), .percent(60)], [.percent(5), .percent(25), .percent(100)],
        ])
        spec.maxUnavailable = random.pick([.count(1), .count(2), .count(3), .percent(10), .percent(25), .percent(50)])
        if size > 50 { spec.maxUnavailable = random.pick([.percent(10), .percent(25), .percent(40)]) }
        if random.chance(500) { spec.per["rack"] = random.pick([.count(1), .count(2), .percent(50)]) }
        spec.bake = random.pick([.seconds(0), .minutes(1), .minutes(5), .minutes(10)])
        spec.maxFailures = random.pick([.count(0), .count(1), .count(3), .percent(10)])
        if random.chance(300) { spec.gates = [.http(url: "http://gate"), .command(["check"])] }
        if random.chance(300) {
            spec.drain = .init(
                hook: .http(url: "http://drain"),
                deadline: .minutes(Int64(random.int(1...5))),
                onTimeout: random.chance(300) ? .force : .skip
            )
        }
        if random.chance(150) {
            let from = random.int(0...1439)
            spec.window = Window(from: from, to: (from + random.int(480...1200)) % 1440, timeZone: "Sim/East")
            if random.chance(300) { spec.window?.days.remove(random.pick(Window.Day.allCases)) }
        }
        // Of thousands the last would not come round by itself before the simulation ends.
        if random.chance(120), size <= 500 { spec.reboot = .none }
        if random.chance(350) { spec.onFailure = .rollback }
        spec.minHealthy = random.pick([.seconds(0), .minutes(1), .minutes(2)])
        spec.tries = random.int(1...3)
        return spec
    }
}
