import Rollout
import Vocabulary

/// One roll of a profile's machines to a release.
public struct RolloutView: Hashable, Sendable, Codable {
    /// Where it stands, a person's pause included.
    public enum State: String, Hashable, Sendable, Codable, CaseIterable {
        case running
        /// A person paused it: no new turns.
        case paused
        /// It stopped by itself, and waits for a person.
        case held
        case done, aborted, rolledBack

        public var isOver: Bool {
            switch self {
            case .running, .paused, .held: false
            case .done, .aborted, .rolledBack: true
            }
        }
    }

    /// Machines by how far they are.
    public struct Counts: Hashable, Sendable, Codable {
        public var waiting = 0
        /// They have their turn.
        public var inTrial = 0
        public var done = 0
        public var failed = 0
        /// Passed over: they keep what they have.
        public var skipped = 0

        public init() {}

        public var total: Int { waiting + inTrial + done + failed + skipped }
    }

    /// The canary, or a wave.
    public struct Stage: Hashable, Sendable, Codable {
        /// `canary`, `wave 1` …
        public var name: String
        public var machines: Int
        /// Machines whose turn is over.
        public var over: Int

        public init(name: String, machines: Int, over: Int) {
            self.name = name
            self.machines = machines
            self.over = over
        }
    }

    /// Something that it waits for.
    public struct Waiting: Hashable, Sendable, Codable {
        public var cause: WaitingReason.Cause
        /// For people: `rack r7 has 1 of 1 unavailable (n713: rebooting for 2m)`.
        public var reason: String

        public init(cause: WaitingReason.Cause, reason: String) {
            self.cause = cause
            self.reason = reason
        }
    }

    /// One of its machines.
    public struct Member: Hashable, Sendable, Codable {
        public var machine: String
        public var stage: String
        public var phase: RollPart.Phase
        /// Why it failed or was passed over.
        public var reason: String?
        /// Of one that failed: how far its last boot of the new image came.
        public var lastStep: MachineRow.Step?

        public init(
            machine: String,
            stage: String,
            phase: RollPart.Phase,
            reason: String? = nil,
            lastStep: MachineRow.Step? = nil
        ) {
            self.machine = machine
            self.stage = stage
            self.phase = phase
            self.reason = reason
            self.lastStep = lastStep
        }
    }

    public var id: Int
    public var profile: String
    /// What the machines are moved to: `web@41`, `back from web@41`.
    public var title: String
    /// nil when they go back to what each of them came from.
    public var release: Int?
    /// The roll that this one takes back.
    public var rollbackOf: Int?
    public var state: State
    /// Why it is held.
    public var reason: String?
    /// Why nothing moves anywhere; nil when the fleet is not frozen.
    public var frozen: String?
    /// Machines on the release, and all that it is meant for.
    public var done: Int
    public var total: Int
    public var counts: Counts
    /// In their order, and the place of the current one.
    public var stages: [Stage]
    public var stage: Int
    /// The most important first; empty when its next step is under way.
    public var waiting: [Waiting]
    public var began: Time
    public var ended: Time?
    /// Machines of its profile that are unavailable, for whatever reason, and that may be at once; nil when it is over.
    public var unavailable: Int?
    public var budget: Int?
    /// Until its end, if every machine does what its model does usually.
    public var estimate: TimeSpan?
    /// In the order of their turns; left out of lists.
    public var machines: [Member]?

    public init(id: Int, profile: String, title: String, release: Int?, state: State, counts: Counts, began: Time) {
        self.id = id
        self.profile = profile
        self.title = title
        self.release = release
        self.state = state
        self.counts = counts
        self.began = began
        done = counts.done
        total = counts.total
        stages = []
        stage = 0
        waiting = []
    }
}

extension RollRow {
    /// `canary`, `wave 1` …
    func name(ofStage stage: Int) -> String {
        if hasCanary, stage == 0 { return "canary" }
        return "wave \(hasCanary ? stage : stage + 1)"
    }
}
