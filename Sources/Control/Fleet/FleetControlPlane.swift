import Fleet
import Inventory
import Vocabulary

/// The control plane of a fleet that runs in this process.
public struct FleetControlPlane: Sendable {
    let fleet: FleetService
    let tokenFile: TokenFile
    /// The servers' counters, as pages of metrics have them.
    let counters: @Sendable () -> [MetricFamily]
    /// What else has to be well for the server to be ready.
    let checks: @Sendable () -> [Readiness.Check]

    public init(
        fleet: FleetService,
        tokens: TokenFile,
        counters: @escaping @Sendable () -> [MetricFamily] = { [] },
        checks: @escaping @Sendable () -> [Readiness.Check] = { [] }
    ) {
        self.fleet = fleet
        tokenFile = tokens
        self.counters = counters
        self.checks = checks
    }

    /// Runs `body`, turning what the stores and the fleet say into what the API says.
    func explaining<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as InventoryError {
            throw ControlError(error)
        } catch let error as FleetError {
            throw ControlError(error)
        }
    }

    /// The machines that a selection means: described ones, by name.
    ///
    /// - Throws: `ControlError` `.notFound` for a name that no machine has, `.invalid` for a malformed selection.
    func names(_ selection: MachineSelection) async throws -> [String] {
        try await explaining {
            let machines = fleet.snapshot.read { Array($0.machines) }
            guard !selection.names.isEmpty else {
                let selector = try selection.selector.map(LabelSelector.init) ?? LabelSelector()
                return machines.filter { selector.matches($0.labels) }.map(\.name).sorted()
            }
            let known = Set(machines.map(\.name))
            let names = try NameRange.expand(selection.names)
            for name in names where !known.contains(name) { throw noMachine(name) }
            return names
        }
    }

    func noMachine(_ name: String) -> ControlError {
        ControlError(.notFound, "there is no machine '\(name)'; `muster get machines` shows what there is")
    }
}

extension ControlError {
    init(_ error: InventoryError) {
        let code: Code =
            switch error.code {
            case .invalidInput: .invalid
            case .conflict: .conflict
            case .notFound: .notFound
            default: .unavailable
            }
        self.init(code, error.message)
    }

    init(_ error: FleetError) {
        let code: Code =
            switch error.code {
            case .invalidInput: .invalid
            case .conflict: .conflict
            case .notFound: .notFound
            case .refused: .refused
            default: .unavailable
            }
        self.init(code, error.message)
    }
}
