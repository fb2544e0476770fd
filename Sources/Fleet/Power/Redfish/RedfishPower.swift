import Inventory
import Vocabulary

/// Power by the machine's management controller, over Redfish.
struct RedfishPower: PowerDriver {
    static let name = "redfish"

    let machine: Machine
    let access: BMC
    let redfish: BMC.Redfish
    let desk: PowerDesk

    var controller: String { "\(redfish.host):\(redfish.port)" }
    var timing: PowerTiming { desk.timing }

    func perform(_ action: PowerAction) async throws -> PowerOutcome {
        try await desk.door.operate(at: controller) {
            let credentials = try await BMCCredentials.read(access.credentials, for: machine.name)
            let known = try desk.memory.entry(of: controller)
            let judge = CertificateJudge(controller: controller, trust: redfish.trust, memory: desk.memory)
            let client = RedfishClient(
                controller: controller,
                transport: RedfishTransport(redfish: redfish, connect: timing.connect, judge: judge),
                credentials: credentials,
                memory: desk.memory,
                vendor: known.vendor,
                door: desk.door,
                timing: timing
            )
            do {
                let root = try await client.open()
                if judge.isFirst {
                    desk.say(
                        .certificatePinned,
                        machine,
                        "\(controller) shows a certificate for the first time: it is believed from now on"
                    )
                }
                let outcome = try await act(action, client, root)
                await client.close()
                return outcome
            } catch {
                await client.close()
                if let refusal = judge.refusal { desk.say(.certificateChanged, machine, refusal) }
                throw error
            }
        }
    }

    private func act(_ action: PowerAction, _ client: RedfishClient, _ root: JSONValue) async throws -> PowerOutcome {
        var system = try await findSystem(client, root)
        if action == .status { return PowerOutcome(state: system.power ?? .unknown) }
        if system.isGoingDown {
            _ = try await reaches(.off, client, system.path)
            system = RedfishSystem(try await client.getKnown(system.path))
        }
        let isOn = system.power != .off
        if (action == .on) == isOn, action == .on || action == .off { return PowerOutcome(state: system.power) }
        var allowed = system.resetTypes
        if allowed == nil, let info = system.resetInfo {
            allowed = RedfishSystem.resetTypes(inActionInfo: try await client.get(info).json)
        }
        let boots = desk.boots(of: machine)
        let record = try desk.memory.resets(of: machine.name, at: controller, boots: boots)
        let steps = ResetStep.ladder(for: action, isOn: isOn, allowed: allowed, after: record)
        guard !steps.isEmpty else {
            let types = (allowed ?? []).sorted().joined(separator: ", ")
            throw PowerFailure("\(controller) has no reset that would do it; it has \(types.isEmpty ? "none" : types)")
        }
        guard action != .off else {
            _ = try await climb(steps, action, client, system, isOn: isOn)
            return PowerOutcome(state: .off)
        }
        let note = try await overrideBoot(client, system)
        do {
            let step = try await climb(steps, action, client, system, isOn: isOn)
            guard isOn else { return PowerOutcome(state: .on, note: note) }
            if !step.asksTheSystem {
                try desk.memory.noteReset(step.way, of: machine.name, at: controller, boots: boots)
            }
            let notes = [record.note.map { "\($0): \(step.way) this time" }, note].compactMap(\.self)
            return PowerOutcome(state: .on, note: notes.isEmpty ? nil : notes.joined(separator: "; "))
        } catch let failure as PowerFailure {
            guard let before = record.note, isOn, !failure.isUnreachable else { throw failure }
            throw PowerFailure("\(failure); \(before)")
        }
    }

    var isSpent: Bool {
        desk.memory.isSpent(on: machine.name, at: controller, boots: desk.boots(of: machine))
    }

    // MARK: Resets

    /// Why a reset did not do it.
    private struct Refusal {
        var words: String
        /// The controller said that it did it, and nothing came of it.
        var wasIgnored = false
    }

    /// - Returns: the step that did it.
    private func climb(
        _ steps: [ResetStep],
        _ action: PowerAction,
        _ client: RedfishClient,
        _ system: RedfishSystem,
        isOn: Bool
    ) async throws -> ResetStep {
        var reasons: [String] = []
        for step in steps {
            let refusal: Refusal?
            switch step {
            case .ask(let type): refusal = try await ask(type, action, client, system)
            case .offThenOn:
                var why = try await reset("ForceOff", client, system, until: .off)
                if why == nil { why = try await reset("On", client, system, until: .on) }
                refusal = why
            case .reset(let type):
                // A machine that is on before and after shows nothing by its state.
                let wanted: PowerState? = action == .off ? .off : isOn ? nil : .on
                refusal = try await reset(type, client, system, until: wanted)
            }
            guard let refusal else { return step }
            reasons.append(refusal.words)
            // Who only says that it switches machines off would say the same of everything else.
            if step == .offThenOn, refusal.wasIgnored { break }
        }
        throw PowerFailure("\(controller) did not do it: \(reasons.joined(separator: "; "))")
    }

    /// - Parameter state: what the machine must come to; nil when that shows nothing.
    /// - Returns: why it did not work.
    private func reset(
        _ type: String,
        _ client: RedfishClient,
        _ system: RedfishSystem,
        until state: PowerState?
    ) async throws -> Refusal? {
        let path = system.resetPath ?? "\(system.path)/Actions/ComputerSystem.Reset"
        let reply = try await client.post(path, .object(["ResetType": .string(type)]))
        guard reply.isSuccess else { return Refusal(words: "\(type): \(client.complaint(reply))") }
        guard let state, try await !reaches(state, client, system.path) else { return nil }
        let words =
            "\(type): was accepted (HTTP \(reply.status)), and the machine is not \(state) after \(timing.settle.words)"
        return Refusal(words: words, wasIgnored: true)
    }

    /// Asks the system, and sees for the grace period whether it follows.
    private func ask(
        _ type: String,
        _ action: PowerAction,
        _ client: RedfishClient,
        _ system: RedfishSystem
    ) async throws -> Refusal? {
        let boots = desk.boots(of: machine)
        if let refusal = try await reset(type, client, system, until: nil) { return refusal }
        let end = min(ContinuousClock.now + timing.grace, client.deadline - timing.settle)
        while ContinuousClock.now < end {
            try await Task.sleep(for: timing.poll)
            if action != .off, desk.boots(of: machine) != boots { return nil }
            guard try await power(client, system.path) == .off else { continue }
            return action == .off ? nil : try await reset("On", client, system, until: .on)
        }
        return Refusal(words: "\(type): the system did not follow within \(timing.grace.words)")
    }

    /// Whether the machine comes to a state in time.
    private func reaches(_ state: PowerState, _ client: RedfishClient, _ path: String) async throws -> Bool {
        let end = min(ContinuousClock.now + timing.settle, client.deadline)
        while true {
            let now = try await power(client, path)
            // Who does not say is believed.
            if now == state || now == nil { return true }
            guard ContinuousClock.now + timing.poll < end else { return false }
            try await Task.sleep(for: timing.poll)
        }
    }

    private func power(_ client: RedfishClient, _ path: String) async throws -> PowerState? {
        let system = RedfishSystem(try await client.getKnown(path))
        return system.isGoingDown ? .on : system.power
    }
}

extension EventKind {
    static let certificatePinned = EventKind("bmc.certificatePinned")
    static let certificateChanged = EventKind("bmc.certificateChanged")
}
