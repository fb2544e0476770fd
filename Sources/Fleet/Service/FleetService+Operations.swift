import Inventory
import PXE
import Rollout
import Vocabulary

/// What came of giving machines another profile.
public struct AssignOutcome: Hashable, Sendable {
    /// Granted what they are meant to have: they get it when they boot next.
    public var granted: [String] = []
    /// Keep what they have until a roll, or a reboot where the profile says `adopt: nextBoot`.
    public var staged: [String] = []
    /// Cannot be given anything, and why.
    public var problems: [String: String] = [:]
    /// The same for people, a sentence each.
    public var summary: [String] = []
}

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
    ///   - now: grants them its image at once; otherwise the intent is staged.
    public func assign(_ profile: String?, to names: [String], now isNow: Bool = false) async throws -> AssignOutcome {
        try await inventory.use { try await $0.assign(profile, to: names) }
        var outcome = AssignOutcome()
        for name in names {
            if isNow {
                try await grant(name, &outcome)
            } else {
                try await stage(name, &outcome)
            }
        }
        outcome.summary = summary(of: outcome, profile: profile)
        return outcome
    }

    private func stage(_ name: String, _ outcome: inout AssignOutcome) async throws {
        let rows = planned(name)
        if !rows.isEmpty { try await ledger.commit(rows) }
        guard let standing = authority.book.standing(of: name), let desired = standing.state.desired else {
            outcome.problems[name] = plan(of: name)?.problem ?? "it has nothing to boot"
            return
        }
        if standing.state.assigned == desired { outcome.granted.append(name) } else { outcome.staged.append(name) }
    }

    private func grant(_ name: String, _ outcome: inout AssignOutcome) async throws {
        guard let plan = plan(of: name) else { throw FleetError(.notFound, "there is no machine '\(name)'") }
        let before = authority.book.standing(of: name)?.state ?? MachineBootState()
        guard let rows = authority.book.grant(plan, to: name, now: .now()) else {
            outcome.problems[name] = plan.problem ?? "it has nothing to boot"
            return
        }
        do {
            try await ledger.commit(rows)
        } catch {
            authority.book.restore(before, of: name)
            throw error
        }
        outcome.granted.append(name)
    }

    private func plan(of name: String) -> MachinePlan? {
        guard let machine = snapshot.read({ $0.machine(named: name) }) else { return nil }
        let (identity, address) = known(machine)
        return planner.plan(for: machine, identity: identity, address: address)
    }

    private func summary(of outcome: AssignOutcome, profile: String?) -> [String] {
        var lines: [String] = []
        let nextBoot = profile.flatMap { planner.profile(named: $0) }?.adopt == .nextBoot
        if !outcome.granted.isEmpty {
            lines.append("\(Self.machines(outcome.granted.count)) what they are meant to have when they boot next")
        }
        let kept = Dictionary(grouping: outcome.staged) { authority.book.standing(of: $0)?.state.assigned }
        for (image, names) in kept.sorted(by: { $0.value.count > $1.value.count }) {
            let until = nextBoot ? "they boot next" : "`muster roll \(profile ?? "PROFILE")`"
            let what = image.map(\.short) ?? "what they have"
            let who = names.count == 1 ? "1 machine keeps" : "\(names.count) machines keep"
            lines.append("\(who) \(what) until \(until)")
        }
        for (name, problem) in outcome.problems.sorted(by: { $0.key < $1.key }) {
            lines.append("\(name) gets nothing: \(problem)")
        }
        return lines
    }

    private static func machines(_ count: Int) -> String { count == 1 ? "1 machine gets" : "\(count) machines get" }

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
            let rows =
                planned(machine.name) + [
                    EventKind.machineAccepted.row(machine.name, "\(machine.name) was accepted", at: Moment.now().wall)
                ]
            try await ledger.commit(rows)
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
    }
}
