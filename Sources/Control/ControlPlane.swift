import Fleet
import Rollout

/// What a person or a program can ask of a running Muster. The routes know HTTP and JSON; this knows the fleet.
///
/// Every call throws `ControlError` for what the caller can do something about.
public protocol ControlPlane: Sendable {
    /// Described machines and those that wait for acceptance, by name; an empty selection selects all.
    func machines(_ selection: MachineSelection) async throws -> [MachineView]
    func machine(named name: String) async throws -> MachineDescription
    func why(machine name: String) async throws -> WhyView
    func profiles() async throws -> [ProfileView]
    func releases() async throws -> [ReleaseView]
    func images() async throws -> [ImageView]
    /// Newest first.
    /// - Parameter names: of machines; none for all.
    func boots(of names: [String], limit: Int) async throws -> [BootView]
    func leases() async throws -> [LeaseView]
    /// Newest first, without their machines.
    func rollouts() async throws -> [RolloutView]
    func rollout(_ id: Int) async throws -> RolloutView
    /// What a roll would do.
    func plan(_ request: RolloutRequest) async throws -> RolloutPlanView
    /// Those after `seq`, oldest first; with nil the newest `limit`, oldest first.
    func events(after seq: Int64?, limit: Int) async throws -> [EventView]

    /// Lines of a machine's containers, from the machine itself, once it has answered; who lets go of them ends that.
    func logs(of name: String, _ question: LogQuestion) async throws -> LogLines

    func apply(_ request: ApplyRequest) async throws -> ApplyReport
    /// Begins to build a profile's image, or says how far it is.
    func build(_ ask: BuildAsk) async throws -> BuildView
    func assign(_ request: AssignRequest) async throws -> CommandReport
    func accept(_ request: AcceptRequest) async throws -> CommandReport
    func reject(_ request: RejectRequest) async throws -> CommandReport
    func set(_ request: SetRequest) async throws -> CommandReport

    /// Tokens for TCP, by name.
    func tokens() async throws -> [TokenView]
    func createToken(_ request: TokenRequest) async throws -> NewToken
    func removeToken(named name: String) async throws -> CommandReport

    /// Keeps a line of the audit.
    func record(_ note: AuditNote) async
    /// Keeps that a caller was turned away, once in a while for each.
    func recordRefusal(of who: String, _ sentence: String) async

    func roll(_ request: RolloutRequest) async throws -> RolloutView
    func perform(_ command: RollCommand, onRollout id: Int) async throws -> RolloutView
    /// What came of it, a machine each, in the order of the names.
    func power(_ request: PowerRequest) async throws -> [PowerResult]
    func freeze() async throws -> FreezeView
    func freeze(_ request: FreezeRequest) async throws -> FreezeView
    func thaw() async throws -> FreezeView
    func pin(_ request: PinRequest) async throws -> CommandReport
    func unpin(_ request: UnpinRequest) async throws -> CommandReport
    func rescue(_ request: RescueRequest) async throws -> CommandReport

    func readiness() async -> Readiness
    /// A page in the text format that Prometheus scrapes.
    func metrics() async throws -> String
}

/// Why something that was asked for is not done.
public struct ControlError: Error, Hashable, Sendable, CustomStringConvertible {
    public struct Code: Hashable, Sendable {
        /// The HTTP status that says so.
        public let status: Int
        /// What a problem's `title` says.
        public let title: String

        /// What was sent is not what it has to be.
        public static let invalid = Code(status: 400, title: "Bad request")
        /// Nobody knows who asks.
        public static let unauthorized = Code(status: 401, title: "Unauthorized")
        /// Whoever asks may not.
        public static let forbidden = Code(status: 403, title: "Forbidden")
        /// There is nothing under that name.
        public static let notFound = Code(status: 404, title: "Not found")
        /// Two things claim what only one can have.
        public static let conflict = Code(status: 409, title: "Conflict")
        /// A rule that people wrote says no.
        public static let refused = Code(status: 422, title: "Refused by policy")
        /// A store does not answer; booting goes on.
        public static let unavailable = Code(status: 503, title: "Unavailable")

        private static let all = [invalid, unauthorized, forbidden, notFound, conflict, refused, unavailable]

        /// What a problem's status means; anything that is not listed here is `unavailable`.
        public init(status: Int) { self = Self.all.first { $0.status == status } ?? .unavailable }

        private init(status: Int, title: String) { (self.status, self.title) = (status, title) }
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
