import Build
import Fleet
import Inventory
import Rollout
import Vocabulary

extension FleetControlPlane {
    /// Without their machines: newest first.
    public func rollouts() async throws -> [RolloutView] {
        try await explaining {
            let freeze = fleet.freeze
            return try await fleet.rolls(limit: 100).map { RolloutView($0, freeze: freeze, lastSteps: nil) }
        }
    }

    public func rollout(_ id: Int) async throws -> RolloutView {
        try await explaining { try await view(fleet.progress(of: RollID(rawValue: id))) }
    }

    public func plan(_ request: RolloutRequest) async throws -> RolloutPlanView {
        let ask = try await ask(request)
        return try await explaining {
            let preview = try await fleet.preview(ask)
            var view = RolloutPlanView(
                preview.plan,
                profile: request.profile,
                release: preview.target.number,
                images: preview.target.images,
                spec: preview.spec
            )
            if request.comparesImages ?? true {
                view.changes = await changes(from: preview.from, to: preview.target)
            }
            return view
        }
    }

    public func roll(_ request: RolloutRequest) async throws -> RolloutView {
        let ask = try await ask(request)
        return try await explaining { try await view(fleet.roll(ask)) }
    }

    public func perform(_ command: RollCommand, onRollout id: Int) async throws -> RolloutView {
        try await explaining { try await view(fleet.perform(command, on: RollID(rawValue: id))) }
    }

    private func ask(_ request: RolloutRequest) async throws -> RollAsk {
        guard let profile = fleet.snapshot.read({ $0.profiles[request.profile] }) else {
            let hint = "`muster get profiles` shows what there is"
            throw ControlError(.notFound, "there is no profile '\(request.profile)'; \(hint)")
        }
        return RollAsk(
            profile: request.profile,
            release: request.release,
            options: try request.options?.applied(to: profile.rollout),
            only: try await members(request)
        )
    }

    /// The machines that are named, which the roll refuses when they are not the profile's; of a selector's those that are.
    private func members(_ request: RolloutRequest) async throws -> [String]? {
        guard let machines = request.machines else { return nil }
        let names = try await names(machines)
        guard let selector = machines.selector else { return names }
        let members = fleet.snapshot.read { snapshot in
            names.filter { name in
                guard let machine = snapshot.machine(named: name) else { return false }
                let identity = MachineIdentity(mac: machine.macs.first)
                return snapshot.profileName(of: machine, identity: identity, address: nil) == request.profile
            }
        }
        guard !members.isEmpty else {
            throw ControlError(.notFound, "no machine of \(request.profile) has the labels '\(selector)'")
        }
        return members
    }

    /// More images than these are only named: each is read and unpacked.
    private static let mostCompared = 3

    /// How the images differ that the machines leave and get, those of most machines first; where one is gone, why that
    /// cannot be said.
    private func changes(from: [Digest: Int], to release: Release) async -> [RolloutPlanView.ImageChange] {
        var changes: [RolloutPlanView.ImageChange] = []
        for (old, machines) in from.sorted(by: { ($1.value, $0.key.hex) < ($0.value, $1.key.hex) }) {
            let images = release.images
            let known = (try? fleet.images.manifest(old))?.architecture ?? (images.count == 1 ? images.keys.first : nil)
            guard let architecture = known, let new = images[architecture] else { continue }
            guard old != new else { continue }
            var change = RolloutPlanView.ImageChange(architecture: architecture, from: old, to: new, machines: machines)
            guard changes.count < Self.mostCompared else {
                change.failure = "`muster image diff \(old.short) \(new.short)` does"
                changes.append(change)
                continue
            }
            do {
                var difference = DifferenceView(try await ImageDifference.between(old, new, in: fleet.images))
                difference.files = []
                change.difference = difference
            } catch {
                change.failure = "\(error)"
            }
            changes.append(change)
        }
        return changes
    }

    /// With its machines.
    func view(_ progress: RollProgress) async throws -> RolloutView {
        RolloutView(progress, freeze: fleet.freeze, lastSteps: try await lastSteps(of: progress))
    }

    /// How far the last boots of failed machines came, by the ledger: since then they have booted what they were good on.
    private func lastSteps(of progress: RollProgress) async throws -> [String: MachineRow.Step] {
        var steps: [String: MachineRow.Step] = [:]
        for member in progress.members where member.part.phase == .failed {
            let boots = try await fleet.records.boots(machine: member.machine, limit: 20)
            let boot = boots.first { $0.image == member.part.target && $0.opened >= progress.began }
            steps[member.machine] = boot.map(MachineRow.Step.init) ?? MachineRow.Step.none
        }
        return steps
    }
}

extension MachineRow.Step {
    /// How far a boot came, whatever became of it.
    init(_ boot: BootRecord) {
        self = boot.healthy != nil ? .healthy : boot.up != nil ? .up : boot.fetched != nil ? .fetched : .script
    }
}
