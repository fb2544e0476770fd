/// What goes wrong in a simulated fleet, each in per cent.
public struct Faults: Hashable, Sendable {
    /// Of the machines: every image but the first that such a machine boots panics on it.
    public var badImages = 0.0
    /// Of the boots: they die on the way, and their machine begins again.
    public var flaky = 0.0
    /// Of the machines: they send and never hear an answer.
    public var deadNICs = 0.0
    /// Of the machines: their link is a thousandth of what is usual.
    public var slowLinks = 0.0

    public init() {}

    /// Between a death and the next power-on: `panic=5`, or a watchdog.
    static let restart = Duration.seconds(5)
    /// Bytes a second by a slow link, and how much later an answer leaves by it.
    static let slowRate = 1 << 20
    static let slowDelay = Duration.milliseconds(10)
}

/// Where a boot dies.
enum Death: Hashable, CaseIterable {
    case loader, kernel, system
}

/// Numbers that a seed decides (SplitMix64): the same machine has the same fate in each run.
struct Fate {
    private var state: UInt64

    /// - Parameters:
    ///   - machine: its number.
    ///   - boot: which boot of it; 0 for what holds for all of them.
    init(seed: UInt64, machine: Int, boot: Int) {
        state =
            seed &* 0x9e37_79b9_7f4a_7c15 ^ UInt64(truncatingIfNeeded: machine) << 20 ^ UInt64(truncatingIfNeeded: boot)
        _ = next()
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    mutating func happens(percent: Double) -> Bool {
        Double(next() >> 11) * 0x1p-53 * 100 < percent
    }
}
