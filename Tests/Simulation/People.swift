import Rollout
import Vocabulary

/// Who starts rolls, meddles with them, and pulls cables.
extension World {
    private static let horizon: Int64 = 12 * 86_400_000

    /// Puts everything that is planned on the agenda.
    func plan() {
        for number in 0..<scenario.faults.drivers {
            drivers.append(Driver("d\(number)", uptimeBase: random.seconds(0...1_000_000)))
        }
        for place in machines.indices { after(random.seconds(0...60)) { $0.restart(place) } }
        let rolls = random.int(1...(scenario.profiles.count + 1))
        let isShared = rolls > scenario.profiles.count
        for number in 0..<rolls {
            let profile = scenario.profiles[number % scenario.profiles.count]
            after(600_000 + random.seconds(0...3600)) { $0.startRoll(profile, half: isShared) }
        }
        planFaults()
        keepTicking()
        // Nobody may be frozen or paused before the fleet has come up once.
        after(400_000) { world in
            world.rows.thaw()
            world.checker.thawed()
        }
        after(4_500_000 + scenario.chaos) { $0.calmDown() }
    }

    private func planFaults() {
        let faults = scenario.faults
        func times(_ count: Int, _ action: @escaping (World) -> Void) {
            for _ in 0..<count { after(900_000 + Int64.random(in: 0...max(1, scenario.chaos), using: &random), action) }
        }
        times(faults.powerCuts) { $0.cutPower() }
        times(faults.storeOutages) { $0.loseStore() }
        times(faults.planeOutages) { $0.losePlane() }
        times(faults.clockJumps) { world in
            world.count("clock jumped")
            world.skew += world.random.seconds(-7200...7200)
        }
        times(faults.naturalReboots * max(1, scenario.size / 50)) { world in
            world.count("rebooted by itself")
            world.restart(world.random.int(0...(world.machines.count - 1)))
        }
        times(faults.isolated) { $0.isolate($0.random.int(0...($0.machines.count - 1))) }
        times(faults.operatorActs) { $0.meddle() }
    }

    private func cutPower() {
        let rack = random.int(0...(rackHasPower.count - 1))
        guard rackHasPower[rack] else { return }
        count("rack lost power")
        rackHasPower[rack] = false
        let inside = machines.indices.filter { machines[$0].rack == rack }
        for place in inside { losePower(place) }
        after(random.seconds(60...2400)) { world in
            world.rackHasPower[rack] = true
            for place in inside { world.after(world.random.seconds(0...20)) { $0.regainPower(place) } }
        }
    }

    private func loseStore() {
        guard storeIsUp else { return }
        count("store away")
        storeIsUp = false
        after(random.seconds(20...1800)) { $0.regainStore() }
    }

    private func regainStore() {
        guard !storeIsUp else { return }
        storeIsUp = true
        for place in behind.sorted() { follow(place) }
        behind = []
        wake()
    }

    private func losePlane() {
        guard planeIsUp else { return }
        count("no reports can arrive")
        planeIsUp = false
        checker.planeWasDown = true
        after(random.seconds(20...3600)) { world in
            world.planeIsUp = true
            world.wake()
        }
    }

    private func keepTicking() {
        wake()
        after(45_000) { world in
            guard !world.isOver else { return }
            world.keepTicking()
        }
    }

    // MARK: people

    private func startRoll(_ profile: String, half: Bool) {
        guard storeIsUp else { return after(60_000) { $0.startRoll(profile, half: half) } }
        let image = scenario.image(imageCount, &random)
        imageCount += 1
        images[image.digest] = image
        var only: Set<String>?
        if half {
            let which = random.int(0...1)
            only = Set(machines.indices.filter { $0 / 2 % 2 == which }.map { machines[$0].name })
        }
        let spec = scenario.spec(&random)
        let request = RollRequest(
            profile: profile,
            title: image.digest.short,
            images: [.amd64: image.digest],
            spec: spec,
            only: only
        )
        do {
            let id = try rows.start(request, now: wall, zones: Self.zones)
            checker.rolls[id] = .init(members: rows.machines.count { $0.part?.roll == id })
            count("rolls")
            if image.behaviour != .good { count("bad image") }
        } catch {
            count("roll refused")
        }
        wake()
    }

    private func meddle() {
        guard storeIsUp else { return }
        count("operator acts")
        switch random.int(0...9) {
        case 0:
            rows.freeze("an operator has a bad feeling")
            checker.isFrozen = true
            after(random.seconds(60...3600)) { $0.thaw() }
        case 1:
            let name = machines[random.int(0...(machines.count - 1))].name
            rows.change(name) { $0.state = .maintenance }
            after(random.seconds(600...7200)) { world in world.rows.change(name) { $0.state = .active } }
        case 2:
            let name = machines[random.int(0...(machines.count - 1))].name
            rows.change(name) { $0.isPinned = true }
        default:
            guard let roll = rows.rolls.filter(\.isOpen).randomElement(using: &random) else { return }
            command(random.pick(RollCommand.allCases), roll.id)
        }
        wake()
    }

    func command(_ command: RollCommand, _ id: RollID) {
        let next = rows.nextRoll
        let before = rows
        checker.commands += 1
        do { try rows.perform(command, on: id) } catch { return count("command refused") }
        count("· \(command.rawValue)")
        checker.commanded(self, command, id, before)
        let changed = rows.machines.filter { $0.boot != before[$0.name]?.boot }.map(\.name)
        adoptGrants(changed)
        for name in changed { checker.granted[rows.place(of: name)!] = rows[name]?.boot.assigned }
        if command == .rollback { checker.rolledBack(self, id, next) }
    }

    private func thaw() {
        guard storeIsUp else { return after(60_000) { $0.thaw() } }
        rows.thaw()
        checker.thawed()
        wake()
    }

    // MARK: the end

    /// Nothing goes wrong any more, but for bad images; the operator sees to what only a person may.
    private func calmDown() {
        isCalm = true
        for rack in rackHasPower.indices { rackHasPower[rack] = true }
        for place in machines.indices { regainPower(place) }
        regainStore()
        planeIsUp = true
        tidy()
    }

    private func tidy() {
        regainStore()
        planeIsUp = true
        if rows.freeze != nil { thaw() }
        for roll in rows.rolls where roll.isOpen && roll.isPaused { command(.resume, roll.id) }
        for place in machines.indices where rows.machines[place].part?.phase == .granted {
            // With `reboot: none`, everybody's own reboot comes some time.
            if random.chance(300) { restart(place) }
        }
        isOver =
            rows.rolls.allSatisfy { isAtRest($0) } && !rows.machines.contains { needsHook($0) }
            && rows.decide(now: wall, zones: Self.zones).isEmpty
        if time > Self.horizon, !isOver {
            isOver = true
            checker.isUnfinished(self)
        }
        after(900_000) { $0.tidy() }
    }

    private func isAtRest(_ roll: RollRow) -> Bool {
        if rows.machines.contains(where: { $0.part?.roll == roll.id && $0.isInFlight }) { return false }
        return !roll.isOpen || !roll.isRunning
    }

    private func needsHook(_ row: MachineRow) -> Bool {
        row.isHealthy && !row.isInFlight && row.part?.isDrained == true
    }
}
