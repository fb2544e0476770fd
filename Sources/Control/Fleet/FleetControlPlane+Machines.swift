import Fleet
import Inventory
import Vocabulary

extension FleetControlPlane {
    public func machines(_ selection: MachineSelection) async throws -> [MachineView] {
        let isEverything = selection.names.isEmpty && selection.selector == nil
        let names = Set(try await names(selection))
        let standings = fleet.standings()
        var boots: [String: BootView] = [:]
        for boot in try await explaining({ try await fleet.records.boots(limit: 10_000) }) {
            if boots[boot.machine] == nil { boots[boot.machine] = BootView(boot) }
        }
        let described = fleet.snapshot.read { snapshot in
            snapshot.machines.filter { names.contains($0.name) }.map { machine in
                (machine, snapshot.explain(machine, identity: MachineIdentity(mac: machine.macs.first), address: nil))
            }
        }
        var views = described.map { machine, explanation in
            MachineView(
                machine,
                explanation,
                standings[machine.name],
                boots[machine.name],
                next: fleet.nextImage(of: machine.name)
            )
        }
        if isEverything { views += fleet.waiting.map(MachineView.init) }
        return views.sorted { $0.name < $1.name }
    }

    public func machine(named name: String) async throws -> MachineDescription {
        let events = try await explaining { try await fleet.records.events(limit: 10_000) }
        guard let machine = known(name) else {
            guard let waiting = fleet.waiting.first(where: { $0.isCalled(name) }) else { throw noMachine(name) }
            return MachineDescription(
                machine: MachineView(waiting),
                boots: [],
                events: Self.events(events, about: [waiting.provisionalName, waiting.mac.description])
            )
        }
        let explanation = try await explaining { try await fleet.explain(machine.name) }
        let boots = try await explaining { try await fleet.records.boots(machine: machine.name, limit: 20) }
        let view = MachineView(
            machine,
            explanation.assignment,
            explanation.standing,
            boots.first.map { BootView($0) },
            next: fleet.nextImage(of: machine.name)
        )
        return MachineDescription(
            machine: view,
            boots: boots.map { BootView($0) },
            events: Self.events(events, about: [machine.name] + machine.macs.map(\.description))
        )
    }

    public func why(machine name: String) async throws -> WhyView {
        guard let machine = known(name) else {
            guard let waiting = fleet.waiting.first(where: { $0.isCalled(name) }) else { throw noMachine(name) }
            return WhyView(
                machine: waiting.provisionalName,
                answer: "a screen that shows its MAC and asks again",
                because: ["nobody has described it: `muster accept \(waiting.provisionalName)`"]
            )
        }
        let explanation = try await explaining { try await fleet.explain(machine.name) }
        var view = WhyView(explanation)
        view.because += try await exceptions(of: machine.name, explanation.standing)
        if let last = try await explaining({ try await fleet.records.boots(machine: machine.name, limit: 1) }).first {
            view.boot = BootView(last, timeline: explanation.timeline)
        }
        return view
    }

    /// A machine by its name, or by a MAC in any spelling.
    func known(_ name: String) -> Machine? {
        fleet.snapshot.read { snapshot in
            snapshot.machine(named: name) ?? MACAddress(name).flatMap { snapshot.machine(mac: $0) }
        }
    }

    /// The newest 50, newest first.
    private static func events(_ events: [EventRecord], about subjects: [String]) -> [EventView] {
        events.filter { subjects.contains($0.subject) }.suffix(50).reversed().map(EventView.init)
    }
}

extension WaitingMachine {
    fileprivate func isCalled(_ name: String) -> Bool { name == provisionalName || MACAddress(name) == mac }
}

extension MachineView {
    init(
        _ machine: Machine,
        _ explanation: AssignmentExplanation,
        _ standing: MachineStanding?,
        _ boot: BootView?,
        next: Digest?
    ) {
        self.init(name: machine.name, state: machine.state.rawValue, macs: machine.macs)
        for nic in machine.nics { addresses[nic.mac.description] = nic.address }
        labels = machine.labels
        architecture = machine.architecture ?? machine.facts?.architecture
        uuid = machine.uuid ?? machine.facts?.uuid
        serial = machine.serial ?? machine.facts?.serial
        profile = explanation.profile
        profileFrom = explanation.source
        loader = machine.loader
        pinnedImage = machine.pinnedImage
        if let state = standing?.state {
            images = Images(
                desired: state.desired,
                assigned: state.assigned,
                lastGood: state.lastGood,
                running: state.running,
                next: next,
                triesLeft: state.triesLeft,
                reason: standing?.boot?.ailment ?? state.reason
            )
        }
        self.boot = boot
        facts = machine.facts?.reported
        lastSeen = [machine.facts?.lastSeen, boot?.opened.timestamp, standing?.lastHeard].compactMap(\.self).max().map(
            Time.init
        )
    }

    init(_ waiting: WaitingMachine) {
        self.init(name: waiting.provisionalName, state: "waiting", macs: [waiting.mac])
        architecture = waiting.architecture
        uuid = waiting.uuid
        serial = waiting.serial
        lastSeen = Time(waiting.lastSeen)
    }
}

extension WhyView {
    init(_ explanation: MachineExplanation) {
        self.init(machine: explanation.machine.name, answer: "", because: explanation.assignment.reasons)
        if let release = explanation.release {
            let made = Time(release.created)
            if let newest = explanation.newestRelease, newest != release.number {
                because.append(
                    "\(release.profile)'s machines are meant to have release \(release.number), made \(made), though "
                        + "\(newest) is the newest"
                )
            } else {
                because.append("the newest release of \(release.profile) is \(release.number), made \(made)")
            }
        }
        switch explanation.answer {
        case .image(let digest, let commandLine, let reason):
            answer = "image \(digest.short)"
            because.append(reason)
            if !commandLine.isEmpty { because.append("its command line is '\(commandLine)'") }
        case .pause(let lines):
            // Indented lines are what to type.
            let words = lines.map { $0.hasPrefix("  ") ? "`\($0.drop { $0 == " " })`" : $0 }
            answer = "a screen that asks again: " + words.joined(separator: " ")
        }
        if let ailment = explanation.standing.boot?.ailment {
            because.append("it was healthy and is not any more: \(ailment)")
        }
        if let reason = explanation.standing.state.reason { because.append(reason) }
        if let failure = explanation.buildFailure { because.append(failure) }
        if let probation = explanation.probation { because.append(probation) }
    }
}

extension AssignmentExplanation {
    /// Where the winning profile comes from, in a few words.
    fileprivate var source: String? {
        guard let winner = candidates.first else { return nil }
        return winner.assignment.map { "assignment \($0.identity)" } ?? "its own"
    }

    /// A sentence for each rule that matches, the winner's first.
    fileprivate var reasons: [String] {
        guard !candidates.isEmpty else { return ["it has no profile of its own, and no assignment matches it"] }
        return candidates.map { candidate in
            let profile = candidate.profile
            guard let assignment = candidate.assignment else { return "its own profile gives it \(profile)" }
            let verdict = candidate.wins ? "wins" : "loses"
            return "assignment '\(assignment.identity)' gives it \(profile) and \(verdict): \(candidate.reason)"
        }
    }
}
