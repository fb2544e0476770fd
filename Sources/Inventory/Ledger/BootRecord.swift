import Vocabulary

/// One boot of one machine, from the script that began it to what closed it.
public struct BootRecord: Hashable, Sendable {
    public enum State: String, Hashable, Sendable, Codable, CaseIterable {
        /// A script with a kernel was written; not everything has been fetched.
        case open
        /// Kernel and every initrd were fetched whole.
        case fetched
        /// The system said that it runs.
        case up
        case healthy
        /// It said so, or it came back before it was healthy.
        case failed
        /// Over without a failure: the machine began its next boot after it had been healthy.
        case closed

        /// True while nothing has ended it.
        public var isOpen: Bool { self != .failed && self != .closed }
    }

    public var id: BootID
    public var machine: String
    public var mac: MACAddress
    public var image: Digest
    public var profile: String?
    /// The release that the image was granted with.
    public var release: Int?
    public var architecture: Architecture?
    public var state: State
    /// Whether it has spent a try of an unproven image.
    public var spentTry: Bool
    public var opened: Timestamp
    public var fetched: Timestamp?
    public var up: Timestamp?
    public var healthy: Timestamp?
    public var closed: Timestamp?
    /// Why it failed or was closed; of an open boot, what its system said went wrong since it was healthy.
    public var reason: String?
    public var token: Token
    /// What its system found out about the machine, as one JSON object; nil before it said so.
    public var facts: String?
    /// Whether it was of the rescue image, which proves nothing.
    public var isRescue: Bool
    /// What granted the image that it tries: `roll 42`; nil when nobody did lately.
    public var cause: String?

    /// What proves that a report comes from this boot's system. Kept as its digest: who reads the ledger cannot report.
    public enum Token: Hashable, Sendable {
        /// The machine segment, in which it is, was not handed out yet.
        case none
        /// The SHA-256 of the token that was handed out.
        case given(Digest)
        /// Somebody else asked for it, or asked again: it is worth nothing any more.
        case revoked
    }

    public init(
        id: BootID,
        machine: String,
        mac: MACAddress,
        image: Digest,
        profile: String? = nil,
        release: Int? = nil,
        architecture: Architecture? = nil,
        state: State = .open,
        spentTry: Bool = false,
        opened: Timestamp,
        fetched: Timestamp? = nil,
        up: Timestamp? = nil,
        healthy: Timestamp? = nil,
        closed: Timestamp? = nil,
        reason: String? = nil,
        token: Token = .none,
        facts: String? = nil,
        isRescue: Bool = false,
        cause: String? = nil
    ) {
        self.id = id
        self.machine = machine
        self.mac = mac
        self.image = image
        self.profile = profile
        self.release = release
        self.architecture = architecture
        self.state = state
        self.spentTry = spentTry
        self.opened = opened
        self.fetched = fetched
        self.up = up
        self.healthy = healthy
        self.closed = closed
        self.reason = reason
        self.token = token
        self.facts = facts
        self.isRescue = isRescue
        self.cause = cause
    }
}

extension BootRecord {
    /// Adds the line that says which script began the boot, where it belongs: after what was seen before there was a
    /// boot. Older ledgers have it as a row of its own, which stays.
    func addScript(to entries: inout [TimelineEntry]) {
        guard !entries.contains(where: { $0.stage == .script }) else { return }
        let place = entries.firstIndex { $0.stage != .dhcp && $0.stage != .loader } ?? entries.endIndex
        let script = TimelineEntry(boot: id, time: opened, stage: .script, detail: "\(image.short) for \(mac)")
        entries.insert(script, at: place)
    }
}

/// One line of a boot's timeline.
public struct TimelineEntry: Hashable, Sendable {
    /// Which step; the registry may grow.
    public struct Stage: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public var description: String { rawValue }

        public static let dhcp = Stage(rawValue: "dhcp")
        public static let loader = Stage(rawValue: "loader")
        public static let script = Stage(rawValue: "script")
        public static let kernel = Stage(rawValue: "kernel")
        public static let initrd = Stage(rawValue: "initrd")
        /// The machine segment, with the boot's token.
        public static let segment = Stage(rawValue: "segment")
        /// The root that the image's initrd fetches.
        public static let root = Stage(rawValue: "root")
        public static let up = Stage(rawValue: "up")
        public static let healthy = Stage(rawValue: "healthy")
        public static let failed = Stage(rawValue: "failed")
        public static let closed = Stage(rawValue: "closed")
    }

    public var boot: BootID
    public var time: Timestamp
    public var stage: Stage
    public var detail: String

    public init(boot: BootID, time: Timestamp, stage: Stage, detail: String = "") {
        self.boot = boot
        self.time = time
        self.stage = stage
        self.detail = detail
    }
}
