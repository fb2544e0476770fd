import Control
import Fleet
import Logging
import Rollout
import Vocabulary

/// The control plane when the boot plane is a process of its own: every question and every change goes to that one,
/// which alone has the inventory, the ledger and the snapshot, and answers on a socket beside them.
struct RemoteControlPlane: ControlPlane {
    let client: ControlClient
    let logger: Logger
    private let throttle = EventThrottle()

    init(client: ControlClient, logger: Logger) { (self.client, self.logger) = (client, logger) }

    func machines(_ selection: MachineSelection) async throws -> [MachineView] {
        try await ask { try await $0.get("/v1/machines" + selection.query) }
    }

    func machine(named name: String) async throws -> MachineDescription { try await ask { try await $0.machine(name) } }

    func why(machine name: String) async throws -> WhyView { try await ask { try await $0.why(name) } }

    func profiles() async throws -> [ProfileView] { try await ask { try await $0.get("/v1/profiles") } }

    func releases() async throws -> [ReleaseView] { try await ask { try await $0.get("/v1/releases") } }

    func images() async throws -> [ImageView] { try await ask { try await $0.get("/v1/images") } }

    func boots(of names: [String], limit: Int) async throws -> [BootView] {
        let query = MachineSelection(names: names).query
        return try await ask { try await $0.get("/v1/boots\(query.isEmpty ? "?" : query + "&")limit=\(limit)") }
    }

    func leases() async throws -> [LeaseView] { try await ask { try await $0.get("/v1/leases") } }

    func rollouts() async throws -> [RolloutView] { try await ask { try await $0.get("/v1/rollouts") } }

    func rollout(_ id: Int) async throws -> RolloutView { try await ask { try await $0.get("/v1/rollouts/\(id)") } }

    func plan(_ request: RolloutRequest) async throws -> RolloutPlanView {
        try await ask { try await $0.post("/v1/plan", request) }
    }

    func events(after seq: Int64?, limit: Int) async throws -> [EventView] {
        let after = seq.map { "&after=\($0)" } ?? ""
        return try await ask { try await $0.get("/v1/events?limit=\(limit)\(after)") }
    }

    func logs(of name: String, _ question: LogQuestion) async throws -> LogLines {
        try await ask { try await $0.logs(of: name, question) }
    }

    func apply(_ request: ApplyRequest) async throws -> ApplyReport {
        try await ask { try await $0.post("/v1/apply", request) }
    }

    func build(_ ask: BuildAsk) async throws -> BuildView {
        try await self.ask { try await $0.post("/v1/build", ask) }
    }

    func assign(_ request: AssignRequest) async throws -> CommandReport {
        try await ask { try await $0.post("/v1/assign", request) }
    }

    func accept(_ request: AcceptRequest) async throws -> CommandReport {
        try await ask { try await $0.post("/v1/accept", request) }
    }

    func reject(_ request: RejectRequest) async throws -> CommandReport {
        try await ask { try await $0.post("/v1/reject", request) }
    }

    func set(_ request: SetRequest) async throws -> CommandReport {
        try await ask { try await $0.post("/v1/set", request) }
    }

    /// The boot plane, which is told who asks, keeps the line.
    func record(_ note: AuditNote) {}

    func roll(_ request: RolloutRequest) async throws -> RolloutView {
        try await ask { try await $0.post("/v1/rollouts", request) }
    }

    func perform(_ command: RollCommand, onRollout id: Int) async throws -> RolloutView {
        try await ask { try await $0.post("/v1/rollouts/\(id)/\(command.rawValue)") }
    }

    func power(_ request: PowerRequest) async throws -> [PowerResult] {
        try await ask { try await $0.post("/v1/power", request) }
    }

    func freeze() async throws -> FreezeView { try await ask { try await $0.get("/v1/freeze") } }

    func freeze(_ request: FreezeRequest) async throws -> FreezeView {
        try await ask { try await $0.post("/v1/freeze", request) }
    }

    func thaw() async throws -> FreezeView { try await ask { try await $0.delete("/v1/freeze") } }

    func pin(_ request: PinRequest) async throws -> CommandReport {
        try await ask { try await $0.post("/v1/pin", request) }
    }

    func unpin(_ request: UnpinRequest) async throws -> CommandReport {
        try await ask { try await $0.post("/v1/unpin", request) }
    }

    func rescue(_ request: RescueRequest) async throws -> CommandReport {
        try await ask { try await $0.post("/v1/rescue", request) }
    }

    /// In the log alone: the events are the boot plane's.
    func recordRefusal(of who: String, _ sentence: String) {
        guard throttle.allows(who, now: .now()) else { return }
        logger.warning("access refused", metadata: ["who": "\(who)", "what": "\(sentence)"])
    }

    func tokens() async throws -> [TokenView] { try await ask { try await $0.get("/v1/tokens") } }

    func createToken(_ request: TokenRequest) async throws -> NewToken {
        try await ask { try await $0.post("/v1/tokens", request) }
    }

    func removeToken(named name: String) async throws -> CommandReport {
        try await ask { try await $0.delete("/v1/tokens/", name) }
    }

    func readiness() async -> Readiness {
        do {
            return try await ask { try await $0.readiness() }
        } catch {
            return Readiness(checks: [.init(name: "boot plane", isReady: false, message: "\(error)")])
        }
    }

    func metrics() async throws -> String { try await ask { try await $0.text("/metrics") } }

    /// What the boot plane says, its refusals included.
    private func ask<Answer>(_ body: (ControlClient) async throws -> Answer) async throws -> Answer {
        do {
            return try await body(client)
        } catch let error as ClientError {
            guard let status = error.status else {
                throw ControlError(.unavailable, "the boot plane (muster serve --only boot) is away: \(error)")
            }
            throw ControlError(.init(status: status), error.description)
        }
    }
}
