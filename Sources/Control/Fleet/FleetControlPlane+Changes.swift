import Fleet
import Inventory
import Vocabulary

extension FleetControlPlane: ControlPlane {
    public func apply(_ request: ApplyRequest) async throws -> ApplyReport {
        let sources = request.documents.map { ResourceFile.Source(path: $0.source, text: $0.text) }
        return try await explaining {
            let resources = try ResourceFile.parse(sources).map { $0.adding(request.definitions ?? []) }
            let isDryRun = request.dryRun
            try await checkPrivileges(resources)
            let (differences, notes) = try await fleet.apply(resources, isDryRun: isDryRun)
            let changed = Set(differences.map { "\($0.kind) \($0.name)" })
            let unchanged = resources.filter { !changed.contains("\($0.kind) \($0.name)") }
            return ApplyReport(
                changes: differences.map(ApplyReport.Change.init)
                    + unchanged.map { .init(kind: $0.kind, name: $0.name, action: .unchanged) },
                notes: notes
            )
        }
    }

    public func build(_ ask: BuildAsk) async throws -> BuildView {
        try await explaining {
            BuildView(
                try fleet.requestBuild(of: ask.profile, architecture: ask.architecture, isFresh: ask.fresh)
            )
        }
    }

    public func assign(_ request: AssignRequest) async throws -> CommandReport {
        let names = try await names(request.machines)
        guard !names.isEmpty else {
            throw ControlError(.notFound, "no machine has the labels '\(request.machines.selector ?? "")'")
        }
        return try await explaining {
            let outcome = try await fleet.assign(request.profile, to: names, now: request.now)
            return CommandReport(
                done: names.map { "\($0) is assigned \(request.profile)" },
                notes: outcome.summary,
                lacking: outcome.lacking,
                building: outcome.building.isEmpty ? nil : outcome.building.map(BuildView.init)
            )
        }
    }

    public func accept(_ request: AcceptRequest) async throws -> CommandReport {
        try await explaining {
            let names = try NameRange.expand(request.names)
            let machines = try await fleet.accept(names, profile: request.profile)
            let outcome = fleet.outcome(for: machines.map(\.name))
            return CommandReport(
                done: machines.map { "\($0.name) is accepted" },
                notes: outcome.summary,
                lacking: outcome.lacking
            )
        }
    }

    public func reject(_ request: RejectRequest) async throws -> CommandReport {
        try await explaining {
            let names = try NameRange.expand(request.names)
            try await fleet.reject(names)
            return CommandReport(done: names.map { "\($0) is rejected" })
        }
    }

    public func set(_ request: SetRequest) async throws -> CommandReport {
        let states: [Machine.State] = [.active, .maintenance, .retired]
        guard let state = states.first(where: { $0.rawValue == request.state }) else {
            let expected = states.map(\.rawValue).joined(separator: ", ")
            throw ControlError(.invalid, "state: found '\(request.state)', expected one of \(expected)")
        }
        let names = try await names(MachineSelection(names: request.names))
        return try await explaining {
            try await fleet.setState(state, of: names)
            return CommandReport(done: names.map { "\($0) is \(state.phrase)" })
        }
    }
}

extension Resource {
    /// A profile with the texts of the definitions that it names and does not have itself.
    fileprivate func adding(_ texts: [ApplyRequest.Document]) -> Resource {
        guard case .profile(var profile) = self, case .definitions(let paths) = profile.image else { return self }
        for path in paths where profile.definitions[path] == nil {
            profile.definitions[path] = texts.first { $0.source == path }?.text
        }
        return .profile(profile)
    }
}

extension ApplyReport.Change {
    init(_ difference: ResourceDiff) {
        let action: Action =
            switch difference.action {
            case .create: .create
            case .update: .update
            case .delete: .delete
            }
        // The first line names the resource, which the report does too.
        let lines = difference.description.split(separator: "\n").dropFirst().map { $0.drop { $0 == " " } }
        self.init(kind: difference.kind, name: difference.name, action: action, difference: lines.map(String.init))
    }
}
