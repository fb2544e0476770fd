import Vocabulary

/// Somebody else drives: what was decided is void, and must be decided anew by whoever has the lease.
public struct DriverFenced: Error, Hashable, Sendable, CustomStringConvertible {
    public let epoch: Int
    public let current: Int

    public init(epoch: Int, current: Int) {
        self.epoch = epoch
        self.current = current
    }

    public var description: String {
        "the lease with epoch \(epoch) is over, epoch \(current) drives: nothing was written"
    }
}

extension FleetRows {
    /// Decides and stores, as one transaction over these rows.
    ///
    /// - Returns: what was stored; empty when there is nothing to do before something happens.
    public mutating func tick(epoch: Int, now: Timestamp, zones: ZoneOffsets) throws(DriverFenced) -> [Intent] {
        let intents = decide(now: now, zones: zones)
        try apply(intents, epoch: epoch)
        return intents
    }

    /// Stores intents, all or none. An intent that was stored before, or that was overtaken, changes nothing.
    public mutating func apply(_ intents: [Intent], epoch: Int) throws(DriverFenced) {
        guard epoch == lease.epoch else { throw DriverFenced(epoch: epoch, current: lease.epoch) }
        for intent in intents { apply(intent) }
    }

    private mutating func apply(_ intent: Intent) {
        switch intent {
        case .freeze(let reason):
            if freeze == nil { freeze = Freeze(.brake, reason) }
        case .grant(let machine, let roll, let generation): grant(machine, roll, generation)
        case .drain(let machine, let generation, let number, let deadline):
            begin(.drain, of: machine, generation, number, deadline: deadline)
        case .reboot(let machine, let generation, let number, let hard, let deadline):
            begin(.reboot(hard: hard), of: machine, generation, number, deadline: deadline)
        case .notice(let machine, let generation, let epoch, let deadline):
            notice(machine, generation, epoch, deadline: deadline)
        case .settle(let machine, let roll, let generation, let outcome): settle(machine, roll, generation, outcome)
        case .undo(let machine, let generation): undo(machine, generation)
        case .undrain(let machine, let generation, let number):
            begin(.undrain, of: machine, generation, number, deadline: nil)
        case .recover(let machine, let generation, let number):
            begin(.reboot(hard: true), of: machine, generation, number, deadline: nil)
        case .bake(let roll, let stage, let until):
            changeStage(roll, stage) { if $0.bakeUntil == nil { $0.bakeUntil = until } }
        case .ask(let roll, let stage, let gate):
            let asked = clock.observed
            changeStage(roll, stage) { if $0.gates[gate].asked == nil { $0.gates[gate].asked = asked } }
        case .advance(let roll, let stage): changeStage(roll, stage - 1) { $0.enter(stage: stage) }
        case .hold(let roll, let hold): changeRunning(roll) { $0.status = .held(hold) }
        case .rollBack(let roll, let id): rollBack(roll, as: id)
        case .finish(let roll): changeRunning(roll) { $0.status = .ended(.done) }
        case .stall(let roll, let since): changeOpen(roll) { $0.stalledSince = since }
        case .raise(let alarm): alarms[alarm.key] = alarm
        case .clear(let key): alarms[key] = nil
        }
    }

    private mutating func changeOpen(_ id: RollID, _ body: (inout RollRow) -> Void) {
        change(id) { if $0.isOpen { body(&$0) } }
    }

    private mutating func changeRunning(_ id: RollID, _ body: (inout RollRow) -> Void) {
        change(id) { if $0.isRunning { body(&$0) } }
    }

    private mutating func changeStage(_ id: RollID, _ stage: Int, _ body: (inout RollRow) -> Void) {
        changeRunning(id) { if $0.stage == stage { body(&$0) } }
    }
}

extension RollRow {
    mutating func enter(stage: Int) {
        self.stage = stage
        bakeUntil = nil
        askGatesAnew()
    }

    mutating func askGatesAnew() { gates = Array(repeating: GateCheck(), count: gates.count) }
}
