import Inventory
import Rollout
import Vocabulary

/// What somebody wants to roll.
public struct RollAsk: Hashable, Sendable {
    public var profile: String
    /// The release's number; nil for the one that the profile is meant to have.
    public var release: Int?
    /// The profile's with the command's flags over them; nil for the profile's own.
    public var options: RolloutOptions?
    /// Only these machines of the profile; nil for all.
    public var only: [String]?

    public init(profile: String, release: Int? = nil, options: RolloutOptions? = nil, only: [String]? = nil) {
        self.profile = profile
        self.release = release
        self.options = options
        self.only = only
    }
}

/// What a roll would do now, before anything is done.
public struct RollPreview: Sendable {
    public var plan: RollPlan
    public var target: Release
    public var spec: RollSpec
    /// What its members are assigned now: how many machines each.
    public var from: [Digest: Int]

    public init(plan: RollPlan, target: Release, spec: RollSpec, from: [Digest: Int]) {
        self.plan = plan
        self.target = target
        self.spec = spec
        self.from = from
    }
}

/// One machine's part in a roll, and where the machine is now.
public struct RollMember: Sendable {
    public var machine: String
    public var part: RollPart
    public var row: MachineRow

    public init(machine: String, part: RollPart, row: MachineRow) {
        self.machine = machine
        self.part = part
        self.row = row
    }
}

/// How far a roll is.
public struct RollProgress: Sendable {
    public var row: RollRow
    public var profile: String
    /// The release that its machines are moved to; nil for a way back to an image that no release has.
    public var release: Int?
    public var began: Timestamp
    /// nil while it is open.
    public var ended: Timestamp?
    /// In the order of their turns. Of a past roll in a list: none, `counts` say how it ended.
    public var members: [RollMember]
    /// How many of its machines are in which phase.
    public var counts: [RollPart.Phase: Int]
    /// What it waits for, the most important first; empty when its next step is under way, and when it is over.
    public var waiting: [WaitingReason]
    /// How long it takes from here if every machine does what its model does usually; nil when nobody knows.
    public var estimate: TimeSpan?
    /// Of its profile, while it is open.
    public var budget: RollPlan.Budget?

    public init(
        row: RollRow,
        profile: String,
        release: Int? = nil,
        began: Timestamp,
        ended: Timestamp? = nil,
        members: [RollMember] = [],
        counts: [RollPart.Phase: Int] = [:],
        waiting: [WaitingReason] = [],
        estimate: TimeSpan? = nil
    ) {
        self.row = row
        self.profile = profile
        self.release = release
        self.began = began
        self.ended = ended
        self.members = members
        self.counts = counts
        self.waiting = waiting
        self.estimate = estimate
    }
}
