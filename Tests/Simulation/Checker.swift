import Rollout
import Vocabulary

/// What must hold whatever happens, judged from what was stored and what machines truly did, with counts of its own.
struct Checker {
    var violation: String?
    /// FNV-1a over all that happened: two runs of a seed must agree.
    private(set) var trace: UInt64 = 0xcbf2_9ce4_8422_2325

    /// Milliseconds in which somebody drove, and reports could arrive: no deadline may run faster.
    var honest: Int64 = 0
    var planeWasDown = false
    private var lastLead: (driver: String, time: Int64)?

    /// What the machine may boot beside its last good image.
    var granted: [Digest?] = []
    /// Images on which it was healthy.
    var proven: [Set<Digest>] = []
    var healthySince: [Int64?] = []
    /// When it left health outside of any turn, by `honest`.
    var left: [Int64?] = []
    /// Its turn: whose, when its last step was, and what happened in it.
    var turns: [Turn?] = []
    var rolls: [RollID: RollRecord] = [:]
    var isFrozen = false
    /// Counts what people said; gates may be asked anew after it.
    var commands = 0

    struct Turn {
        var roll: RollID
        var generation: Int
        var lastStep: Int64
        /// Milliseconds that its next step may take, at least.
        var patience: Int64 = 0
        var bootEpoch: Int
        var isDrained = false
        var reboots = 0
        /// The latest reboot was asked for when the step before it had taken all its time.
        var isLate = false
    }

    struct RollRecord {
        var members = 0
        var isPaused = false
        var isEnded = false
        var isHeld = false
        var canaryFailed: String?
        var failed: Set<Int> = []
        var forgiven = 0
        /// Turns that machines have had, oldest first.
        var order: [Int] = []
        var hadTurn: Set<Int> = []
        var retried: Set<Int> = []
        /// When turns were over, by `honest`: the last one of each machine.
        var overSince: [Int: Int64] = [:]
        var gates: [Int: RollRow.GateOutcome] = [:]
        var isPromoted = false
    }

    mutating func begin(_ world: World) {
        granted = world.ledger.map(\.state.assigned)
        proven = world.ledger.map { Set([$0.state.lastGood].compactMap(\.self)) }
        healthySince = Array(repeating: nil, count: granted.count)
        left = Array(repeating: nil, count: granted.count)
        turns = Array(repeating: nil, count: granted.count)
    }

    mutating func fail(_ world: World, _ message: String) {
        if violation == nil { violation = "after \(TimeSpan(milliseconds: world.time)): \(message)" }
    }

    mutating func note(_ text: String) {
        for byte in text.utf8 { trace = (trace ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
    mutating func note(_ number: Int64) { trace = (trace ^ UInt64(bitPattern: number)) &* 0x100_0000_01b3 }

    mutating func pass(_ world: World, to time: Int64) {
        note(time)
        if !world.planeIsUp { planeWasDown = true }
    }

    /// A driver with the lease reads the clock.
    mutating func leads(_ world: World, _ driver: String, isNew: Bool) {
        if let lastLead, lastLead.driver == driver, !isNew, !planeWasDown, world.planeIsUp,
            world.time - lastLead.time <= 60_000
        {
            honest += world.time - lastLead.time
        }
        lastLead = world.planeIsUp ? (driver, world.time) : nil
    }

    mutating func clockWasRead(_ world: World) {
        if world.rows.clock.observed.milliseconds > honest {
            fail(world, "\(world.rows.clock.observed.milliseconds) ms count, and reports could arrive in \(honest)")
        }
    }

    // MARK: machines

    mutating func ledgerChanged(_ world: World, _ place: Int) {
        let entry = world.ledger[place]
        if let open = entry.open, open.healthy != nil, open.ailment == nil {
            if healthySince[place] == nil { healthySince[place] = honest }
            proven[place].insert(open.image)
        } else {
            healthySince[place] = nil
        }
    }

    mutating func rowFollowed(_ world: World, _ place: Int, _ before: MachineRow) {
        let row = world.rows.machines[place]
        if before.isHealthy, !row.isHealthy, !Self.hasTurn(row) { left[place] = honest }
        if row.isHealthy { left[place] = nil }
        if let part = row.part, Self.hasTurn(row), part.stage == 0, let roll = world.rows.roll(part.roll),
            roll.hasCanary,
            row.boot.phase == .reverted, row.boot.generation == part.generation
        {
            rolls[part.roll, default: RollRecord()].canaryFailed = row.name
        }
    }

    /// The machine boots an image: its last good one, or the one that it was granted.
    mutating func booted(_ world: World, _ place: Int, _ image: Digest) {
        note(image.short)
        guard image != world.ledger[place].state.lastGood, image != granted[place] else { return }
        fail(world, "\(world.machines[place].name) boots \(image.short), which is neither its last good nor granted")
    }

    /// The engine takes a machine down.
    mutating func poweredOff(_ world: World, _ place: Int) {
        let row = world.rows.machines[place]
        if isFrozen { fail(world, "\(row.name) is rebooted in a frozen fleet") }
        guard let part = row.part else { return fail(world, "\(row.name) is rebooted and has no part in a roll") }
        if part.phase == .failed {
            if row.isHealthy { fail(world, "\(row.name) failed, is healthy, and is rebooted") }
            return
        }
        guard Self.hasTurn(row), let turn = turns[place] else {
            return fail(world, "\(row.name) is rebooted out of its turn (\(part.phase))")
        }
        if turn.reboots > 2 { fail(world, "\(row.name) is rebooted more than twice in one turn") }
        if turn.reboots <= 1, !turn.isLate, row.boot.bootEpoch > turn.bootEpoch {
            fail(world, "\(row.name) has booted since its grant, and is rebooted for the first time")
        }
        // What has booted since its grant has lost its work by that.
        if let drain = world.rows.roll(part.roll)?.spec.drain, !world.machines[place].isDrained,
            drain.onTimeout == .skip, row.boot.bootEpoch == turn.bootEpoch
        {
            fail(world, "\(row.name) is rebooted with its work on it")
        }
    }

    /// A reboot that was told goes on: the machine must count as unavailable as long as it may come. What a person did
    /// with it meanwhile is the person's.
    mutating func goesDown(_ world: World, _ place: Int) {
        let row = world.rows.machines[place]
        guard world.storeIsUp, row.isCounted, row.isHealthy, let part = row.part else { return }
        if part.phase == .waiting || part.phase == .done || part.phase == .skipped {
            fail(world, "\(row.name) goes down for a turn that is over (\(part.phase)), and nobody counts it")
        }
    }

    static func hasTurn(_ row: MachineRow) -> Bool {
        guard let part = row.part else { return false }
        return part.phase == .granted || part.phase == .draining || part.phase == .rebooting
    }

    mutating func gate(_ roll: RollID, _ stage: Int, _ index: Int, _ outcome: RollRow.GateOutcome) {
        if rolls[roll]?.gates[stage * 100 + index] == nil {
            rolls[roll, default: RollRecord()].gates[stage * 100 + index] = outcome
        }
    }
}
