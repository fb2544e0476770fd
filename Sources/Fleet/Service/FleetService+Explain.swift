import Inventory
import PXE
import Rollout
import Vocabulary

extension FleetService {
    /// Where a machine stands; nil for a machine that nobody described.
    public func standing(of name: String) -> MachineStanding? {
        guard let machine = snapshot.read({ $0.machine(named: name) }) else { return nil }
        return standing(machine)
    }

    /// Where every described machine stands, by name.
    public func standings() -> [String: MachineStanding] {
        var standings: [String: MachineStanding] = [:]
        for machine in snapshot.read({ Array($0.machines) }) { standings[machine.name] = standing(machine) }
        return standings
    }

    /// What a machine gets if it boots now, tries, rescue and what it would take up counted in; nil for nothing.
    public func nextImage(of name: String) -> Digest? {
        guard let machine = snapshot.read({ $0.machine(named: name) }), machine.mayBoot else { return nil }
        let (identity, address) = known(machine)
        let plan = planner.plan(for: machine, identity: identity, address: address)
        return authority.book.preview(ask(machine, identity: identity, plan: plan)).image
    }

    private func ask(_ machine: Machine, identity: MachineIdentity, plan: MachinePlan) -> ScriptAsk {
        ScriptAsk(
            machine: machine.name,
            mac: machine.macs.first ?? MACAddress(rawValue: 0),
            identity: identity,
            plan: plan,
            now: .now()
        )
    }

    private func standing(_ machine: Machine) -> MachineStanding {
        var standing =
            authority.book.standing(of: machine.name)
            ?? MachineStanding(machine: machine.name, state: MachineBootState())
        standing.address = known(machine).address
        return standing
    }

    /// Why a machine gets the answer that it gets.
    ///
    /// - Throws: `FleetError.Code.notFound` for a machine that nobody described; `InventoryError` when the ledger
    ///   cannot be read.
    public func explain(_ name: String) async throws -> MachineExplanation {
        guard let machine = snapshot.read({ $0.machine(named: name) }) else {
            throw FleetError(.notFound, "there is no machine '\(name)'")
        }
        let (identity, address) = known(machine)
        let plan = planner.plan(for: machine, identity: identity, address: address)
        let last = try await records.boots(machine: name, limit: 1).first
        let standing = standing(machine)
        let boot = standing.boot?.id ?? last?.id
        var timeline: [TimelineEntry] = []
        if let boot { timeline = try await records.timeline(of: boot) }
        return MachineExplanation(
            machine: machine,
            assignment: snapshot.read { $0.explain(machine, identity: identity, address: address) },
            standing: standing,
            release: plan.profile.flatMap { profile in snapshot.read { $0.meantRelease(of: profile.name) } },
            newestRelease: plan.profile.flatMap { profile in
                snapshot.read { $0.latestRelease(of: profile.name)?.number }
            },
            lastBoot: last,
            timeline: timeline,
            answer: answer(machine, identity: identity, plan: plan),
            probation: authority.book.probation(of: name).map { Self.awaited($0.check, isUp: $0.isUp, $0.complaint) },
            buildFailure: buildFailure(plan)
        )
    }

    private func buildFailure(_ plan: MachinePlan) -> String? {
        guard let profile = plan.profile, let definition = profile.definition else { return nil }
        let architecture = plan.architecture.map(ProfilePlan.buildable) ?? .amd64
        let status = authority.builds.look(
            definition,
            architecture,
            isMade: profile.isMade(for: architecture),
            made: profile.released,
            now: .now()
        )
        guard case .failed(let reason, let attempts, _) = status else { return nil }
        return "its profile's image could not be built (\(attempts) times): \(reason)"
    }

    private func answer(_ machine: Machine, identity: MachineIdentity, plan: MachinePlan) -> MachineExplanation.Answer {
        guard machine.mayBoot else {
            return .pause(lines: Pause.notAllowed(machine.name, state: machine.state.phrase).lines)
        }
        let ask = ask(machine, identity: identity, plan: plan)
        switch authority.dryAnswer(ask) {
        case .pause(let pause): return .pause(lines: pause.lines)
        case .boot(let instructions):
            let choice = authority.book.preview(ask).choice
            let because =
                instructions.image == choice.image
                ? Self.because(choice)
                : "it is the rescue image: \(Self.rescue(authority.book.standing(of: machine.name)))"
            return .image(instructions.image, commandLine: instructions.commandLine, because: because)
        }
    }

    private static func awaited(_ check: HealthCheck, isUp: Bool, _ complaint: String?) -> String {
        let what =
            switch check {
            case .reported where isUp: "is up; its health checks have not passed yet"
            case .reported: "waits for the agent's report"
            case .settled(let time): "counts as healthy once it has not come back for \(time.components.seconds) s"
            case .http(let probe): "waits for an answer at \(probe)"
            case .tcp(let port): "waits for an answer on TCP port \(port)"
            }
        return "its boot has fetched everything and \(what)"
            + (complaint.map { "; when it was last asked: \($0)" } ?? "")
    }

    private static func rescue(_ standing: MachineStanding?) -> String {
        guard let state = standing?.state, !state.isRescued else { return "somebody wanted that" }
        return "\(state.lastGood?.short ?? "its last good one") was not healthy in \(state.failures) boots in a row"
    }

    private static func because(_ choice: BootRules.Choice) -> String {
        switch choice {
        case .proven: "it is assigned, and the machine was healthy on it"
        case .trial: "it is assigned, and has tries left"
        case .lastGood: "the assigned image has no tries left, and this is the last that was healthy here"
        case .nothing, .held: ""
        }
    }
}
