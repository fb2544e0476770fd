import Dispatch
import Rollout
import Synchronization
import Vocabulary

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

// Simulates rolls: `rollout-simulation [--seeds N] [--from S] [--seed S] [--patience N]`, or `--scale` for the time that
// a decision takes.
// Exit status 1 when something that must hold did not.

struct Options {
    var first: UInt64 = 1
    var count: UInt64 = 2000
    var isVerbose = false
    var measures = false
    /// Seeds that may go wrong before the rest is left.
    var patience = 10

    init(_ arguments: [String]) {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            switch option {
            case "--scale": measures = true
            case "--seeds": count = Self.number(option, rest.popFirst())
            case "--from": first = Self.number(option, rest.popFirst())
            case "--patience": patience = Int(Self.number(option, rest.popFirst()))
            case "--seed":
                first = Self.number(option, rest.popFirst())
                count = 1
                isVerbose = true
            default: Self.refuse("unknown option \(option): --seeds N, --from S, --seed S, --patience N or --scale")
            }
        }
    }

    private static func number(_ option: String, _ text: String?) -> UInt64 {
        guard let text, let number = UInt64(text) else {
            refuse("\(option) takes a number, found \(text ?? "nothing")")
        }
        return number
    }

    private static func refuse(_ message: String) -> Never {
        print(message)
        exit(64)
    }
}

/// What all seeds came to.
struct Results {
    var counts: [String: Int] = [:]
    var violations: [(seed: UInt64, message: String)] = []
    var simulated: Int64 = 0
}

func simulate(_ seed: UInt64, isVerbose: Bool = false) -> World {
    let world = World(seed: seed)
    world.isVerbose = isVerbose
    world.plan()
    world.run()
    return world
}

let options = Options(Array(CommandLine.arguments.dropFirst()))
if options.measures {
    exit(measureDecision() ? 0 : 1)
}

let results = Mutex(Results())
let next = Atomic<UInt64>(0)
let clock = ContinuousClock()
let began = clock.now
DispatchQueue.concurrentPerform(iterations: 2) { _ in
    while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < options.count, results.withLock({ $0.violations.count < options.patience }) else { return }
        let seed = options.first + index
        let world = simulate(seed, isVerbose: options.isVerbose)
        var violation = world.checker.violation
        if violation == nil, seed % 40 == 7, simulate(seed).checker.trace != world.checker.trace {
            violation = "the same seed ran differently a second time"
        }
        results.withLock { results in
            for (what, count) in world.counts { results.counts[what, default: 0] += count }
            results.simulated += world.time
            if let violation { results.violations.append((seed, violation)) }
        }
    }
}

let seconds = Double((clock.now - began).milliseconds) / 1000
results.withLock { results in
    for (what, count) in results.counts.sorted(by: { $0.key < $1.key }) { print("\(count)\t\(what)") }
    for (seed, message) in results.violations { print("seed \(seed): \(message)") }
    let days = results.simulated / 86_400_000
    print("\(options.count) seeds, \(days) days of fleets, in \(seconds) s: \(results.violations.count) violations")
    exit(results.violations.isEmpty ? 0 : 1)
}
