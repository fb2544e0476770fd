import Rollout
import Vocabulary

/// What a roll would do, before anything is done.
public struct RolloutPlanView: Hashable, Sendable, Codable {
    /// The canary, or a wave.
    public struct Stage: Hashable, Sendable, Codable {
        /// `canary`, `wave 1` …
        public var name: String
        /// In the order of their turns.
        public var machines: [String]

        public init(name: String, machines: [String]) {
            self.name = name
            self.machines = machines
        }
    }

    /// A machine that is left out, and why.
    public struct Exclusion: Hashable, Sendable, Codable {
        public var machine: String
        public var reason: String

        public init(machine: String, reason: String) {
            self.machine = machine
            self.reason = reason
        }
    }

    /// How many may be unavailable at once in one failure domain, or everywhere.
    public struct Budget: Hashable, Sendable, Codable {
        /// `web`, `rack r7`, `the fleet`.
        public var place: String
        public var limit: Int
        public var population: Int
        /// Now, before the roll.
        public var unavailable: Int

        public init(place: String, limit: Int, population: Int, unavailable: Int) {
            self.place = place
            self.limit = limit
            self.population = population
            self.unavailable = unavailable
        }
    }

    /// What some of the machines leave for what.
    public struct ImageChange: Hashable, Sendable, Codable {
        public var architecture: Architecture
        public var from: Digest
        public var to: Digest
        public var machines: Int
        /// Without its files; nil when the images could not be compared.
        public var difference: DifferenceView?
        /// Why they could not.
        public var failure: String?

        public init(architecture: Architecture, from: Digest, to: Digest, machines: Int) {
            self.architecture = architecture
            self.from = from
            self.to = to
            self.machines = machines
        }
    }

    public var profile: String
    /// `web@41`
    public var title: String
    public var release: Int
    /// By architecture.
    public var images: [String: Digest]
    public var stages: [Stage]
    /// Who has the image already.
    public var converged: [String]
    public var excluded: [Exclusion]
    public var budgets: [Budget]
    /// Why it would not be started; empty when it would.
    public var refusals: [String]
    /// If every machine does what its model does usually; nil when that is not known of any of them.
    public var estimate: TimeSpan?
    public var bake: TimeSpan
    public var onFailure: RollSpec.FailureAction
    public var reboot: RollSpec.Reboot
    public var changes: [ImageChange]

    public init(profile: String, release: Int, spec: RollSpec) {
        self.profile = profile
        self.release = release
        title = "\(profile)@\(release)"
        images = [:]
        stages = []
        converged = []
        excluded = []
        budgets = []
        refusals = []
        bake = spec.bake
        onFailure = spec.onFailure
        reboot = spec.reboot
        changes = []
    }

    /// Machines that would be moved.
    public var members: Int { stages.reduce(0) { $0 + $1.machines.count } }
}

extension RolloutPlanView {
    init(_ plan: RollPlan, profile: String, release: Int, images: [Architecture: Digest], spec: RollSpec) {
        self.init(profile: profile, release: release, spec: spec)
        self.images = Dictionary(uniqueKeysWithValues: images.map { ($0.key.rawValue, $0.value) })
        stages = plan.stages.enumerated().map { index, machines in
            let number = plan.hasCanary ? index : index + 1
            return Stage(name: number == 0 ? "canary" : "wave \(number)", machines: machines)
        }
        converged = plan.converged
        excluded = plan.excluded.map { Exclusion(machine: $0.machine, reason: $0.reason) }
        budgets = plan.budgets.map {
            Budget(place: $0.place, limit: $0.limit, population: $0.population, unavailable: $0.unavailable)
        }
        refusals = plan.refusals
        estimate = plan.estimate
    }
}
