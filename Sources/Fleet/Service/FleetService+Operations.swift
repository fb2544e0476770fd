import CLinuxNet
import Inventory
import PXE
import Rollout
import Vocabulary

/// What people do to machines. Each call returns when it is written, and throws an `InventoryError` or a `FleetError`
/// that says what was wrong.
extension FleetService {
    /// Works with the inventory: `apply`, removals, reads.
    ///
    /// - Throws: what `body` throws, or why the inventory cannot be used now.
    @discardableResult
    public func withInventory<Value: Sendable>(
        _ body: @Sendable (InventoryStore) async throws -> Value
    ) async throws -> Value {
        try await inventory.use(body)
    }

    /// Gives machines a profile.
    ///
    /// - Parameters:
    ///   - profile: nil to leave them to the assignments again.
    ///   - now: grants them its image at once; otherwise the intent is staged. Who would get an image that is not built
    ///     yet is granted nothing: the build begins, and it is to be asked again when it is done.
    public func assign(_ profile: String?, to names: [String], now isNow: Bool = false) async throws -> AssignOutcome {
        try await inventory.use { try await $0.assign(profile, to: names) }
        guard isNow else {
            try await stage(names)
            return outcome(for: names)
        }
        var unbuilt: Set<BuildDesk.Target> = []
        for name in names {
            if let target = plan(of: name).flatMap(unbuilt(for:)) {
                unbuilt.insert(target)
            } else {
                try await grant(name)
            }
        }
        let building = try unbuilt.map { target in
            try requestBuild(of: target.profile, architecture: target.architecture, isFresh: true, cause: .grant)
        }
        var outcome = outcome(for: names, granting: true)
        outcome.building = building.sorted { $0.architecture.rawValue < $1.architecture.rawValue }
        return outcome
    }

    /// Brings the inventory to what people wrote, and machines' intents with it.
    ///
    /// - Returns: what differed, and what it means for machines that are meant to have something else now, a sentence
    ///   each.
    public func apply(
        _ resources: [Resource],
        isDryRun: Bool = false
    ) async throws -> (differences: [ResourceDiff], notes: [String]) {
        // Profiles and rules concern machines that are not among the resources; machines concern themselves alone.
        var names: [String]? = []
        for resource in resources {
            if case .machine = resource { names?.append(resource.name) } else { names = nil }
        }
        let profiles = resources.compactMap { resource in
            if case .profile(let profile) = resource { profile } else { nil }
        }
        try Self.check(profiles)
        let before = intents(of: concerned(names))
        // What reading many resources, and then committing them, leaves is many small pieces, which glibc would keep.
        let isLarge = resources.count >= 1000
        if isLarge { muster_trim_memory() }
        defer { if isLarge { muster_trim_memory() } }
        let differences = try await inventory.use { try await $0.apply(resources, isDryRun: isDryRun) }
        guard !isDryRun else { return (differences, []) }
        guard !differences.isEmpty else { return ([], builds(of: profiles)) }
        let concerned = concerned(names)
        do {
            try await stage(concerned)
        } catch {
            return (differences, ["nothing is granted now: \(error)"])
        }
        let changed = concerned.filter { name in intent(of: name).map { before[name] != .some($0) } ?? false }
        return (differences, builds(of: profiles) + outcome(for: changed.sorted()).summary)
    }

    /// Every machine when there are no names.
    private func concerned(_ names: [String]?) -> [String] { names ?? snapshot.read { $0.machines.map(\.name) } }

    private func intents(of names: [String]) -> [String: Digest?] {
        var intents: [String: Digest?] = [:]
        for name in names {
            if let intent = intent(of: name) { intents[name] = .some(intent) }
        }
        return intents
    }

    /// What a machine is meant to have, if that is anything; nil for one that nobody described.
    private func intent(of name: String) -> Digest?? {
        guard snapshot.read({ $0.machine(named: name) != nil }) else { return nil }
        return .some(authority.book.standing(of: name)?.state.desired)
    }

    /// Grants a machine what it is meant to have, if that is anything.
    private func grant(_ name: String) async throws {
        guard let plan = plan(of: name) else { throw FleetError(.notFound, "there is no machine '\(name)'") }
        let written = await withCheckedContinuation { done in
            authority.book.grant(plan, to: name, now: .now()) { done.resume(returning: $0) }
        }
        if !written { throw unwritten }
    }

    /// What a machine is meant to have; nil when there is no such machine.
    func plan(of name: String) -> MachinePlan? {
        guard let machine = snapshot.read({ $0.machine(named: name) }) else { return nil }
        let (identity, address) = known(machine)
        return planner.plan(for: machine, identity: identity, address: address)
    }

    /// Takes in machines that wait, by provisional name or MAC; machines that were rejected become active again.
    ///
    /// - Parameter name: what to call it, when it is only one; nil keeps its provisional name.
    /// - Returns: the machines as they are described now.
    public func accept(_ names: [String], profile: String? = nil, name: String? = nil) async throws -> [Machine] {
        guard name == nil || names.count == 1 else {
            throw FleetError(.invalidInput, "a new name can be given to one machine at a time")
        }
        var accepted: [Machine] = []
        for asked in names {
            let machine: Machine
            if let waiting = authority.waiting.machine(named: asked) {
                machine = try await inventory.use { try await $0.accept(waiting, name: name, profile: profile) }
            } else {
                machine = try await readmit(asked, profile: profile)
            }
            try await stage([machine.name])
            try await ledger.commit([
                EventKind.machineAccepted.row(machine.name, "\(machine.name) was accepted", at: Moment.now().wall)
            ])
            accepted.append(machine)
        }
        return accepted
    }

    private func readmit(_ asked: String, profile: String?) async throws -> Machine {
        let known = snapshot.read { snapshot in
            snapshot.machine(named: asked) ?? MACAddress(asked).flatMap { snapshot.machine(mac: $0) }
        }
        guard let known else { throw FleetError(.notFound, "no machine waits under '\(asked)'") }
        guard known.state == .rejected else {
            throw FleetError(.conflict, "\(known.name) is \(known.state.rawValue) already")
        }
        try await inventory.use { store in
            try await store.updateMachines([known.name]) { machine in
                machine.state = .active
                machine.profile = profile ?? machine.profile
            }
        }
        return snapshot.read { $0.machine(named: known.name) } ?? known
    }

    /// Turns machines away that wait, or that are known: they are kept, and boot nothing.
    public func reject(_ names: [String]) async throws {
        for asked in names {
            let name: String
            if let waiting = authority.waiting.machine(named: asked) {
                try await inventory.use { try await $0.reject(waiting) }
                name = waiting.provisionalName
            } else if snapshot.read({ $0.machine(named: asked) }) != nil {
                try await inventory.use { try await $0.setState(.rejected, of: [asked]) }
                name = asked
            } else {
                throw FleetError(.notFound, "no machine waits under '\(asked)'")
            }
            try await ledger.commit([
                EventKind.machineRejected.row(name, "\(name) was rejected", at: Moment.now().wall)
            ])
        }
    }

    /// `muster set NAME… --state S`.
    public func setState(_ state: Machine.State, of names: [String]) async throws {
        try await inventory.use { try await $0.setState(state, of: names) }
        let now = Moment.now().wall
        authority.write(names.map { EventKind.machineSet.row($0, "\($0) is \(state.phrase)", at: now) })
    }
}
