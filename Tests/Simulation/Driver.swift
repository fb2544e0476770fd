import Rollout
import Vocabulary

/// One process that may drive, on a host of its own.
final class Driver {
    let name: String
    /// What the host's uptime is ahead of the world's time.
    let uptimeBase: Int64
    private(set) var isAlive = true
    private var isPaused = false
    private var incarnation = 0
    private var epoch: Int?
    private var watch = LeaseWatch(patience: .seconds(15))
    /// Errands that this incarnation has begun.
    private var begun: Set<String> = []

    init(_ name: String, uptimeBase: Int64) {
        self.name = name
        self.uptimeBase = uptimeBase
    }

    private func uptime(_ world: World) -> TimeSpan { TimeSpan(milliseconds: world.time + uptimeBase) }

    var drives: Bool { isAlive && !isPaused && epoch != nil }

    /// Dies, and is started again after a while.
    private func die(_ world: World, at step: String) {
        world.count("driver killed \(step)")
        isAlive = false
        incarnation += 1
        epoch = nil
        begun = []
        watch = LeaseWatch(patience: .seconds(15))
        world.after(world.random.seconds(1...300)) { [self] world in
            isAlive = true
            world.wake()
        }
    }

    private func dies(_ world: World, at step: String) -> Bool {
        guard world.isFaulty(world.scenario.faults.killed) else { return false }
        die(world, at: step)
        return true
    }

    func tick(_ world: World) {
        guard isAlive, !isPaused, world.storeIsUp, lead(world) else { return }
        if dies(world, at: "before deciding") { return }
        for round in 0... {
            let intents = world.rows.decide(now: world.wall, zones: World.zones)
            if intents.isEmpty { break }
            guard round < 100 else { return world.checker.fail(world, "the engine does not come to rest: \(intents)") }
            if dies(world, at: "after deciding") { return }
            if world.isFaulty(world.scenario.faults.paused), pause(world, with: intents) { return }
            guard store(intents, world) else { return }
            if dies(world, at: "after storing") { return }
        }
        work(world)
    }

    /// Takes the lease if it is free, else keeps it; false when somebody else drives.
    private func lead(_ world: World) -> Bool {
        var isNew = false
        if let epoch {
            if !world.rows.lease.renew(epoch: epoch) { self.epoch = nil }
        } else if watch.isFree(world.rows.lease, uptime: uptime(world)) {
            if world.rows.lease.holder != nil { world.count("lease taken over") }
            epoch = world.rows.lease.take(name)
            world.rows.clock.resume()
            begun = []
            isNew = true
        }
        guard epoch != nil else { return false }
        world.checker.leads(world, name, isNew: isNew)
        world.rows.clock.advance(uptime: uptime(world), reportsArrive: world.planeIsUp && !world.checker.planeWasDown)
        world.checker.planeWasDown = false
        world.checker.clockWasRead(world)
        return true
    }

    private func store(_ intents: [Intent], _ world: World) -> Bool {
        guard let epoch else { return false }
        let before = world.rows
        do {
            try world.rows.apply(intents, epoch: epoch)
        } catch {
            world.count("stale driver fenced")
            self.epoch = nil
            return false
        }
        world.checker.stored(world, intents, before)
        if world.random.chance(20) {
            let once = world.rows
            try? world.rows.apply(intents, epoch: epoch)
            if world.rows != once { world.checker.fail(world, "storing intents twice changed something: \(intents)") }
        }
        return true
    }

    /// Stops between deciding and storing, as a process does that swaps or whose host sleeps; goes on where it was.
    private func pause(_ world: World, with intents: [Intent]) -> Bool {
        world.count("driver paused with a decision")
        isPaused = true
        world.after(world.random.seconds(20...300)) { [self] world in
            isPaused = false
            guard isAlive, world.storeIsUp else { return world.wake() }
            // Nobody took over: the transaction still stands on the rows that it read, or fails. Then it is made anew.
            if epoch != world.rows.lease.epoch {
                let before = world.rows
                if store(intents, world), before != world.rows {
                    world.checker.fail(world, "a driver whose lease was over changed rows: \(intents)")
                }
            }
            world.wake()
        }
        return true
    }

    private func work(_ world: World) {
        for item in world.rows.work() {
            if dies(world, at: "before an errand") { return }
            switch item {
            case .errand(let machine, let errand):
                guard begun.insert("\(machine) \(errand.number)").inserted else { continue }
                run(errand, machine, world)
            case .gate(let roll, let stage, let index, _):
                guard begun.insert("\(roll) \(stage) \(index) \(world.checker.commands)").inserted else { continue }
                askGate(roll, stage, index, world)
            }
        }
    }

    private func run(_ errand: Errand, _ machine: String, _ world: World) {
        guard let place = world.rows.place(of: machine) else { return }
        let faults = world.scenario.faults
        var outcome = Errand.Outcome.done
        var delay = world.random.seconds(4...8)
        switch errand.kind {
        case .drain, .undrain:
            if world.isFaulty(faults.drainAgain) {
                world.count("drain said again")
                outcome = .again("not yet")
            } else if errand.kind == .drain, world.isFaulty(faults.drainRefused) {
                world.count("drain refused")
                outcome = .refused("would lose the last replica")
            } else {
                world.machines[place].isDrained = errand.kind == .drain
            }
        case .reboot:
            if world.isFaulty(faults.bmcRefuses) {
                world.count("BMC refused")
                outcome = .refused("no session")
            } else if world.isFaulty(faults.bmcLies) {
                world.count("BMC lied")
            } else if world.isFaulty(faults.bmcHangs) {
                world.count("BMC hung")
                delay = 300_000
                outcome = .refused("no answer")
            } else {
                reboot(place, machine, errand, world)
            }
            if dies(world, at: "between an errand and its record") { return }
        }
        let incarnation = incarnation
        world.after(delay) { [self] world in
            guard incarnation == self.incarnation, let epoch else { return }
            record(world, epoch) {
                try $0.rows.record(outcome, of: machine, number: errand.number, epoch: epoch)
            }
        }
    }

    private func reboot(_ place: Int, _ machine: String, _ errand: Errand, _ world: World) {
        world.after(world.random.seconds(1...3)) { world in
            // The last look before the power goes.
            guard world.storeIsUp, world.rackHasPower[world.machines[place].rack] else { return }
            let row = world.rows.machines[place]
            let isWanted = world.rows.work(for: row) == .errand(machine: machine, errand)
            guard isWanted else { return world.count("reboot was not wanted any more") }
            world.checker.poweredOff(world, place)
            world.count("reboots")
            Self.goDown(place, row.boot.bootEpoch, world)
        }
    }

    /// What was told is not called back: the system takes a moment to end, whatever is decided meanwhile.
    private static func goDown(_ place: Int, _ epoch: Int, _ world: World) {
        if world.isFaulty(world.scenario.faults.pinnedTooLate), world.storeIsUp {
            world.count("pinned when its reboot had been told")
            world.rows.change(world.machines[place].name) { $0.isPinned = true }
            world.wake()
        }
        world.after(world.random.seconds(0...4)) { world in
            guard world.rackHasPower[world.machines[place].rack], world.ledger[place].state.bootEpoch == epoch else {
                return world.count("booted before it was rebooted")
            }
            world.checker.goesDown(world, place)
            world.machines[place].hasPower = true
            world.restart(place)
        }
    }

    private func askGate(_ roll: RollID, _ stage: Int, _ index: Int, _ world: World) {
        var outcome = RollRow.GateOutcome.pass
        if world.isFaulty(world.scenario.faults.gateFails) { outcome = .fail("error rate") }
        if world.isFaulty(world.scenario.faults.gateUnknown) { outcome = .unknown("no data") }
        let incarnation = incarnation
        world.after(world.random.seconds(1...30)) { [self] world in
            guard incarnation == self.incarnation, let epoch else { return }
            record(world, epoch) {
                try $0.rows.record(outcome, of: roll, stage: stage, gate: index, epoch: epoch)
                if epoch == $0.rows.lease.epoch { $0.checker.gate(roll, stage, index, outcome) }
            }
        }
    }

    /// Writes down what came of something; the store may be away, and then it is done again later.
    private func record(_ world: World, _ epoch: Int, _ body: @escaping (World) throws -> Void) {
        guard world.storeIsUp else {
            let incarnation = incarnation
            return world.after(10_000) { [self] world in
                if incarnation == self.incarnation { record(world, epoch, body) }
            }
        }
        do { try body(world) } catch { self.epoch = nil }
        world.wake()
    }
}
