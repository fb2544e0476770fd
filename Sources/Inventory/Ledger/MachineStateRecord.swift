import Vocabulary

/// Where a machine stands between images: the row that a boot answer and the rollout engine decide from.
public struct MachineStateRecord: Hashable, Sendable {
    public var machine: String
    /// What the fleet should become.
    public var desired: Digest?
    /// What this machine gets if it boots now.
    public var assigned: Digest?
    /// What it proved healthy on.
    public var lastGood: Digest?
    /// What it was last known to run.
    public var running: Digest?
    /// Boots that the assigned image has left before the machine goes back to its last good.
    public var triesLeft: Int
    /// Counts grants: an answer about an older one is stale.
    public var generation: Int64
    /// The rollout engine's name for what it waits for; empty when for nothing.
    public var phase: String
    /// Counts the machine's boots.
    public var bootEpoch: Int64
    public var reason: String?
    public var deadline: Timestamp?
    /// Boots in a row that were never healthy.
    public var failures: Int
    /// A person wants the rescue image for it.
    public var isRescued: Bool

    public init(
        machine: String,
        desired: Digest? = nil,
        assigned: Digest? = nil,
        lastGood: Digest? = nil,
        running: Digest? = nil,
        triesLeft: Int = 0,
        generation: Int64 = 0,
        phase: String = "",
        bootEpoch: Int64 = 0,
        reason: String? = nil,
        deadline: Timestamp? = nil,
        failures: Int = 0,
        isRescued: Bool = false
    ) {
        self.machine = machine
        self.desired = desired
        self.assigned = assigned
        self.lastGood = lastGood
        self.running = running
        self.triesLeft = triesLeft
        self.generation = generation
        self.phase = phase
        self.bootEpoch = bootEpoch
        self.reason = reason
        self.deadline = deadline
        self.failures = failures
        self.isRescued = isRescued
    }
}
