import Build
import Fleet
import Inventory
import Vocabulary

/// What people do to machines beside rolls: power, pins, the rescue image and the fleet's brake.
extension FleetControlPlane {
    public func power(_ request: PowerRequest) async throws -> [PowerResult] {
        let names = try await selected(request.machines)
        return try await explaining {
            if request.action.takesDown, let refusal = fleet.refusalToTakeDown(names) {
                throw ControlError(.refused, refusal)
            }
            return try await fleet.power(request.action, names)
        }
    }

    public func freeze() async -> FreezeView {
        FreezeView(cause: fleet.freeze?.cause.rawValue, reason: fleet.freeze?.reason)
    }

    public func freeze(_ request: FreezeRequest) async throws -> FreezeView {
        guard !request.reason.isEmpty else { throw ControlError(.invalid, "reason: expected why the fleet is frozen") }
        try await explaining { try await fleet.freeze(request.reason) }
        return await freeze()
    }

    public func thaw() async throws -> FreezeView {
        try await explaining { try await fleet.thaw() }
        return await freeze()
    }

    public func pin(_ request: PinRequest) async throws -> CommandReport {
        let names = try await names(MachineSelection(names: request.names))
        return try await explaining {
            guard let image = request.image else {
                try await fleet.pin(names, to: nil)
                return CommandReport(done: names.map { "\($0) is pinned to \(pinned($0))" })
            }
            let release = try await release(image)
            let images = try Dictionary(grouping: names) { try digest(image, of: release, for: $0) }
            for (digest, names) in images.sorted(by: { $0.key.hex < $1.key.hex }) {
                try await fleet.pin(names, to: digest)
            }
            return CommandReport(done: names.map { "\($0) is pinned to \(pinned($0))" })
        }
    }

    public func unpin(_ request: UnpinRequest) async throws -> CommandReport {
        let names = try await names(MachineSelection(names: request.names))
        return try await explaining {
            let pinned = try await fleet.unpin(names)
            return CommandReport(
                done: names.map { "\($0) \(pinned.contains($0) ? "is not pinned any more" : "was not pinned")" }
            )
        }
    }

    public func rescue(_ request: RescueRequest) async throws -> CommandReport {
        let names = try await names(MachineSelection(names: request.names))
        return try await explaining {
            try await fleet.rescue(names, ends: request.ends)
            let what = request.ends ? "gets what it is assigned" : "gets the rescue image"
            return CommandReport(done: names.map { "\($0) \(what) when it boots next" })
        }
    }

    /// The machines of a selection that is somebody: at least one.
    private func selected(_ selection: MachineSelection) async throws -> [String] {
        let names = try await names(selection)
        guard !names.isEmpty else {
            throw ControlError(.notFound, "no machine has the labels '\(selection.selector ?? "")'")
        }
        return names
    }

    private func pinned(_ name: String) -> String {
        fleet.snapshot.read { $0.machine(named: name)?.pinnedImage?.short } ?? "what it runs"
    }

    /// What `web@41` names; nil for what is not written so.
    private func release(_ text: String) async throws -> Release? {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Int(parts[1]) else { return nil }
        let releases = try await fleet.withInventory { try await $0.releases() }
        guard let release = releases.first(where: { $0.profile == parts[0] && $0.number == number }) else {
            throw ControlError(.notFound, "there is no release \(text); `muster get releases` shows what there is")
        }
        return release
    }

    /// The image that a person means for a machine: of a release, else whatever the store knows by that.
    private func digest(_ image: String, of release: Release?, for name: String) throws -> Digest {
        let architecture = fleet.snapshot.read { snapshot in
            snapshot.machine(named: name).flatMap { $0.architecture ?? $0.facts?.architecture }
        }
        if let release {
            if let digest = release.images[architecture ?? .amd64] { return digest }
            throw ControlError(.notFound, "\(image) has no image for \(name)'s architecture")
        }
        do {
            return try fleet.images.resolve(image, architecture: architecture)
        } catch let error as BuildError {
            throw ControlError(error.code == .notFound ? .notFound : .invalid, "\(error)")
        }
    }
}

extension PowerAction {
    /// Whether the machine is away for a while, or for good.
    var takesDown: Bool {
        switch self {
        case .off, .cycle, .reboot: true
        case .on, .status: false
        }
    }
}
