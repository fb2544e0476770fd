import Vocabulary

/// What one machine should become, what it gets if it boots now, and what it proved healthy on.
public struct MachineBootState: Hashable, Sendable, Codable {
    /// Where the machine is between two steady states.
    public enum Phase: String, Hashable, Sendable, Codable {
        /// Healthy on what it is assigned, or never booted and waiting for nothing.
        case steady
        /// Granted an image that it has not begun to boot.
        case granted
        /// Handing its work to others before it reboots.
        case draining
        /// Told to reboot; not heard of yet.
        case rebooting
        /// Has a boot whose kernel and initrd are not fetched whole.
        case booting
        /// Fetched everything; not healthy yet.
        case probation
        /// Back on the last good image after the assigned one failed.
        case reverted
        /// No image left to try: held back, and tried again at `deadline`.
        case stuck
    }

    /// What the fleet should become.
    public var desired: Digest?
    /// What this machine gets if it boots now; changes only by a grant.
    public var assigned: Digest?
    /// What it was last healthy on.
    public var lastGood: Digest?
    /// What it fetched last, until it begins to boot again.
    public var running: Digest?
    /// How many more boots of an unproven `assigned` may fetch it whole.
    public var triesLeft: Int
    /// Counts grants.
    public var generation: Int
    public var phase: Phase
    /// Counts boots begun.
    public var bootEpoch: Int
    /// Why the phase is what it is, for people; nil when there is nothing to say.
    public var reason: String?
    /// Until when a `stuck` machine is held.
    public var deadline: Timestamp?
    /// Boots in a row that were never healthy: how long a `stuck` machine waits, and when the rescue image has its turn.
    public var failures: Int
    /// A person wants the rescue image for it, until it is granted something or the person says otherwise.
    public var isRescued: Bool

    public init(
        desired: Digest? = nil,
        assigned: Digest? = nil,
        lastGood: Digest? = nil,
        running: Digest? = nil,
        triesLeft: Int = 0,
        generation: Int = 0,
        phase: Phase = .steady,
        bootEpoch: Int = 0,
        reason: String? = nil,
        deadline: Timestamp? = nil,
        failures: Int = 0,
        isRescued: Bool = false
    ) {
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

    /// True when the machine was healthy on what it is assigned.
    public var isProven: Bool { assigned != nil && assigned == lastGood }
}
