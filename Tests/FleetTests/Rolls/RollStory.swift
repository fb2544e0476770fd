import Inventory
import PXE
import Rollout
import Synchronization
import Testing
import Vocabulary

@testable import Fleet

/// A fleet of machines that reboot when they are told and boot what they get, with a clock of the test's own, so that a test
/// reads like the story of a roll.
final class RollStory {
    let fixture: FleetFixture
    let hands: StubHands
    private(set) var fleet: FleetService
    var now = Moment.now()
    /// Images that are fetched whole and never healthy.
    var bad: Set<Digest> = []
    let old: Digest
    /// What machines began to boot, in order.
    private(set) var booted: [(machine: UInt8, image: Digest)] = []
    private let count: UInt8
    private let configure: (inout FleetService.Configuration) -> Void

    /// Machines 1 … `count` of the profile web, healthy on `old`; two to a rack.
    init(
        _ count: UInt8,
        options: RolloutOptions = quick(),
        configure: @escaping (inout FleetService.Configuration) -> Void = { _ in }
    )
        async throws
    {
        self.count = count
        self.configure = configure
        hands = StubHands()
        fixture = try await FleetFixture.make(hands: hands, configure: configure)
        fleet = fixture.fleet
        old = try fixture.image("web", "old")
        try await apply(options)
        for number in 1...count { try await add(number) }
        for number in 1...count { try await boot(number) }
        await fleet.rollouts.tick(now: now)
    }

    func apply(_ options: RolloutOptions, name: String = "web") async throws {
        var profile = Profile(name: name, image: .reference(name))
        profile.rollout = options
        try await fleet.withInventory { [profile] in try await $0.apply([.profile(profile)]) }
        await sweep()
    }

    func add(_ number: UInt8, profile: String = "web") async throws {
        let machine = Machine(
            name: "n\(number)",
            nics: [.init(mac: mac(number))],
            labels: ["rack": "r\((number + 1) / 2)"],
            profile: profile
        )
        try await fleet.withInventory { try await $0.apply([.machine(MachineResource(machine: machine))]) }
        fixture.network[peer(number)] = mac(number)
        await sweep()
    }

    /// A new image of the profile, as its next release.
    func release(_ text: String, of profile: String = "web") async throws -> Digest {
        let image = try fixture.image(profile, text)
        fleet.planner.invalidate()
        await fleet.sweep(.everything)
        return image
    }

    func sweep() async {
        while let next = fleet.sweeps.take() { await fleet.sweep(next) }
    }

    // MARK: machines

    func state(_ number: UInt8) -> MachineBootState { fleet.standing(of: "n\(number)")!.state }
    func part(_ number: UInt8) -> RollPart? { fleet.rollPart(of: "n\(number)")?.part }
    var phases: [RollPart.Phase?] { (1...count).map { part($0)?.phase } }
    /// Machines that are not healthy, or have their turn.
    var unavailable: Int { fleet.rollouts.rows.machines.count(where: \.isUnavailable) }

    /// The machine boots until it is healthy: what is bad is fetched, and asks again.
    func boot(_ number: UInt8) async throws {
        for _ in 0..<10 where try await bootOnce(number) { return }
        Issue.record("n\(number) never became healthy")
    }

    /// - Returns: whether it is healthy.
    @discardableResult
    func bootOnce(_ number: UInt8) async throws -> Bool {
        fleet.authority.observe(.discovered(MachineIdentity(mac: mac(number)), client: .pxe, interface: "eth0"))
        let boot = try #require(await fleet.ask(number).boot)
        booted.append((number, boot.image))
        for part in ["kernel", "initrd"] {
            let name = ResourceName.image(boot.image, part: part)
            guard let length = fleet.authority.content(name)?.length else { continue }
            fleet.authority.observe(
                .transferred(
                    Transfer(
                        carrier: .http,
                        peer: peer(number),
                        name: name,
                        boot: boot.boot,
                        range: 0..<length,
                        total: length
                    )
                )
            )
        }
        guard !bad.contains(boot.image) else { return false }
        fleet.authority.book.healthy(boot.boot, now: now)
        return true
    }

    /// The machine comes back to boot, as after a crash.
    func crash(_ number: UInt8) {
        fleet.authority.observe(.discovered(MachineIdentity(mac: mac(number)), client: .pxe, interface: "eth0"))
    }

    // MARK: time

    /// Does what was stored, lets machines reboot that were told to, and decides; until nobody has anything to do.
    func settle() async throws {
        for _ in 0..<200 {
            await fleet.rollouts.tick(now: now)
            let work = fleet.rollouts.rows.work()
            for item in work { await fleet.rollouts.perform(item) }
            let told = hands.takeReboots()
            for number in told { try await boot(number) }
            if work.isEmpty, told.isEmpty { return }
        }
        Issue.record("it does not come to rest")
    }

    /// Time goes by, half a minute a look.
    func wait(_ span: TimeSpan) async throws {
        var left = span.milliseconds
        while left > 0 {
            now = now + .milliseconds(min(left, 30_000))
            left -= 30_000
            try await settle()
        }
    }

    func roll(_ change: (inout RollAsk) -> Void = { _ in }) async throws -> RollID {
        var ask = RollAsk(profile: "web")
        change(&ask)
        let id = try await fleet.roll(ask).row.id
        await sweep()
        return id
    }

    func progress(_ id: RollID) async throws -> RollProgress { try await fleet.progress(of: id) }

    /// Why the roll is held; nil when it is not.
    func hold(of id: RollID) async throws -> RollRow.Hold? {
        if case .held(let hold) = try await progress(id).row.status { hold } else { nil }
    }

    /// Everything that stands in the ledger's events, oldest first.
    func events() async throws -> [EventRecord] {
        try await fleet.ledger.commit([])
        return try await fleet.records.events(limit: 10_000)
    }

    /// The server is killed and started again: whatever was not on disk is gone.
    func restart() async throws {
        fleet.ledger.close()
        fleet.inventory.close()
        fleet = try await FleetFixture.service(
            fixture.path,
            network: fixture.network,
            hands: hands,
            configure: configure
        )
        await sweep()
        now = now + .seconds(1)
    }

    deinit {
        fleet.ledger.close()
        fleet.inventory.close()
    }
}

/// Hands that write down what they were asked for. Drain hooks by HTTP and gates of Prometheus are asked really.
final class StubHands: RollHands {
    struct Log {
        var reboots: [UInt8] = []
        var all: [String] = []
        var drain = Errand.Outcome.done
        var undrain = Errand.Outcome.done
        var gate = RollRow.GateOutcome.pass
        var canReboot = true
    }
    let log = Mutex(Log())

    func takeReboots() -> [UInt8] {
        log.withLock { log in
            defer { log.reboots.removeAll() }
            return log.reboots
        }
    }

    func canReboot(_: Machine) -> Bool { log.withLock { $0.canReboot } }

    func reboot(_ machine: Machine, hard: Bool) async -> Errand.Outcome {
        log.withLock { log in
            log.reboots.append(UInt8(machine.name.dropFirst()) ?? 0)
            log.all.append("reboot \(machine.name)\(hard ? " hard" : "")")
        }
        return .done
    }

    func drain(_ hook: RollSpec.Drain.Hook, _ machine: Machine, isBack: Bool) async -> Errand.Outcome {
        if case .http = hook { return await DrainHook(hook: hook).tell(machine, isBack: isBack) }
        return log.withLock { log in
            log.all.append("\(isBack ? "undrain" : "drain") \(machine.name)")
            return isBack ? log.undrain : log.drain
        }
    }

    func ask(_ gate: RollSpec.Gate) async -> RollRow.GateOutcome {
        if case .prometheus = gate { return await GateQuestion(gate: gate).ask() }
        return log.withLock { $0.gate }
    }
}

/// A roll without waits: no canary, one wave, one machine at a time.
func quick(_ change: (inout RolloutOptions) -> Void = { _ in }) -> RolloutOptions {
    var options = RolloutOptions()
    options.canary.count = .count(0)
    options.waves = [.percent(100)]
    options.maxUnavailable = .count(1)
    options.bake = .seconds(0)
    options.minHealthy = .seconds(0)
    options.maxFailures = .count(0)
    change(&options)
    return options
}
