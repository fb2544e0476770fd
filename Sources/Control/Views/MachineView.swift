import Inventory
import Vocabulary

/// A machine as the API shows it: what people wrote, what was learned, and where it stands.
public struct MachineView: Hashable, Sendable, Codable {
    public var name: String
    /// `active`, `maintenance`, `retired`, `rejected`, or `waiting` for one that nobody has described.
    public var state: String
    public var macs: [MACAddress]
    /// Reserved addresses by MAC.
    public var addresses: [String: IPv4Address]
    public var labels: [String: String]
    public var architecture: Architecture?
    public var uuid: MachineUUID?
    public var serial: String?
    /// The profile that it gets, and which rule gives it; nil when none does.
    public var profile: String?
    public var profileFrom: String?
    public var loader: String?
    public var pinnedImage: Digest?
    public var images: Images
    /// Its latest boot.
    public var boot: BootView?
    public var lastSeen: Time?
    /// What its system found out about it: CPUs, memory, disks …; nil before one reported.
    public var facts: [String: JSONValue]?

    /// What it should become, gets, proved and runs.
    public struct Images: Hashable, Sendable, Codable {
        public var desired: Digest?
        public var assigned: Digest?
        public var lastGood: Digest?
        public var running: Digest?
        /// What it gets if it boots now: the assigned one, its last good one, or the rescue image; nil for nothing.
        public var next: Digest?
        /// Boots that the assigned image has left before the machine goes back to its last good.
        public var triesLeft: Int
        /// Why it stands where it stands.
        public var reason: String?

        public init(
            desired: Digest? = nil,
            assigned: Digest? = nil,
            lastGood: Digest? = nil,
            running: Digest? = nil,
            next: Digest? = nil,
            triesLeft: Int = 0,
            reason: String? = nil
        ) {
            self.desired = desired
            self.assigned = assigned
            self.lastGood = lastGood
            self.running = running
            self.next = next
            self.triesLeft = triesLeft
            self.reason = reason
        }
    }

    public init(name: String, state: String, macs: [MACAddress]) {
        self.name = name
        self.state = state
        self.macs = macs
        addresses = [:]
        labels = [:]
        images = Images()
    }
}

/// One machine with what happened to it.
public struct MachineDescription: Hashable, Sendable, Codable {
    public var machine: MachineView
    /// Newest first.
    public var boots: [BootView]
    /// Newest first.
    public var events: [EventView]

    public init(machine: MachineView, boots: [BootView], events: [EventView]) {
        self.machine = machine
        self.boots = boots
        self.events = events
    }
}

/// Why a machine gets the answer that it gets: one sentence a step, in the order of the decision.
public struct WhyView: Hashable, Sendable, Codable {
    public var machine: String
    /// What it would get if it booted now.
    public var answer: String
    public var because: [String]
    /// The latest boot, with its timeline.
    public var boot: BootView?

    public init(machine: String, answer: String, because: [String], boot: BootView? = nil) {
        self.machine = machine
        self.answer = answer
        self.because = because
        self.boot = boot
    }
}
