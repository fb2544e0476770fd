import Inventory

/// Makes the next boot one from the network, in whatever form the controller takes.
extension RedfishPower {
    /// - Returns: why it did not hold, for people; nil when it did. The machine is reset all the same: its own boot order may
    ///   be right.
    func overrideBoot(_ client: RedfishClient, _ system: RedfishSystem) async throws -> String? {
        let ending = "; the machine's own boot order decides"
        guard system.hasOverride else { return "\(controller) has no boot override" + ending }
        if let targets = system.bootTargets, !targets.isEmpty, !targets.contains("Pxe") {
            return "\(controller) cannot override boots with Pxe, only with \(targets.sorted().joined(separator: ", "))"
                + ending
        }
        // Time is left for the reset.
        let deadline = client.deadline
        client.deadline = ContinuousClock.now + (deadline - .now) / 2
        defer { client.deadline = deadline }
        do {
            return try await tryForms(client, system).map { "the boot override did not hold: \($0)" + ending }
        } catch let failure as PowerFailure where !failure.isUnreachable {
            return "the boot override was given up: \(failure)" + ending
        }
    }

    private func tryForms(_ client: RedfishClient, _ system: RedfishSystem) async throws -> String? {
        let settings = try await settingsWithBoot(client, system)
        let known = try desk.memory.entry(of: controller).override
        var forms = BootOverride.forms(hasSettings: settings != nil, tag: system.tag, known: known)[...]
        var reason = ""
        while let form = forms.popFirst() {
            let path = form.usesSettings ? settings ?? system.path : system.path
            let before = try await client.getKnown(path)
            let reply = try await client.patch(
                path,
                form.body(isEFI: access.isEFI),
                condition: form.tag.condition(before.tag)
            )
            switch reply.status {
            case 200..<300, 400:
                // iDRAC answers 400 though it did half of it, or all.
                let patience = reply.isSuccess ? timing.poll : .zero
                let shortcoming = try await shortcoming(client, path, BootState(before.json?["Boot"]), patience)
                guard let shortcoming else {
                    if form != known { try desk.memory.change(controller) { $0.override = form } }
                    return nil
                }
                reason = reply.isSuccess ? "HTTP \(reply.status), and then \(shortcoming)" : client.complaint(reply)
            case 412, 428:
                reason = client.complaint(reply)
                forms.removeAll { $0.usesSettings == form.usesSettings && $0.tag == form.tag }
            case 401, 403: return client.complaint(reply)
            case 404, 405, 501:
                reason = client.complaint(reply)
                forms.removeAll { $0.usesSettings == form.usesSettings }
            default: reason = client.complaint(reply)
            }
        }
        return reason
    }

    /// The settings resource, if it is one that holds boot overrides: some advertise it and have none there.
    private func settingsWithBoot(_ client: RedfishClient, _ system: RedfishSystem) async throws -> String? {
        guard let path = system.settings else { return nil }
        let reply = try await client.get(path)
        return reply.isSuccess && reply.json?["Boot"]?["BootSourceOverrideTarget"] != nil ? path : nil
    }

    /// What is wrong with the override as it reads now; looked at once more after `patience`.
    private func shortcoming(
        _ client: RedfishClient,
        _ path: String,
        _ before: BootState,
        _ patience: Duration
    ) async throws -> String? {
        func look() async throws -> String? {
            let state = BootState(try await client.getKnown(path).json?["Boot"])
            return state.shortcoming(isEFI: access.isEFI, before: before)
        }
        guard let first = try await look() else { return nil }
        guard patience > .zero else { return first }
        try await Task.sleep(for: patience)
        return try await look()
    }
}
