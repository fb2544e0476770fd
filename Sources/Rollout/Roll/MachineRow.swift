import Vocabulary

/// What the engine knows of one machine.
public struct MachineRow: Hashable, Sendable {
    /// What people said of it; only active machines have turns and count in budgets.
    public enum State: String, Hashable, Sendable, Codable { case active, maintenance, retired }

    /// Whether it is well, and since when.
    public enum Health: Hashable, Sendable, Codable {
        case healthy(since: ObservedTime)
        /// - Parameter ailment: what its system said is wrong; nil when it is silent, booting or off.
        case ill(since: ObservedTime, ailment: String?)
    }

    /// How far its latest boot came.
    public enum Step: String, Hashable, Sendable, Codable, CaseIterable {
        case none, script, fetched, up, healthy
    }

    public let name: String
    public var profile: String
    public var architecture: Architecture
    public var model: String
    public var labels: [String: String]
    public var state = State.active
    /// A person said what it runs: no roll touches it.
    public var isPinned = false
    /// Somebody can make it reboot: its agent, its BMC or a hook.
    public var canBeRebooted = true
    /// The ledger's row.
    public var boot: MachineBootState
    public var health = Health.ill(since: ObservedTime(milliseconds: 0), ailment: nil)
    public var step = Step.none
    /// When its latest boot began.
    public var bootBegan: ObservedTime?
    /// Since when it has had scripts and never fetched a kernel and every initrd; nil when it has.
    public var withoutKernelSince: ObservedTime?
    /// When it left health without our doing; nil when it is back.
    public var leftHealth: ObservedTime?
    public var part: RollPart?

    public init(
        name: String,
        profile: String,
        architecture: Architecture = .amd64,
        model: String = "",
        labels: [String: String] = [:],
        boot: MachineBootState = MachineBootState()
    ) {
        self.name = name
        self.profile = profile
        self.architecture = architecture
        self.model = model
        self.labels = labels
        self.boot = boot
    }

    // These are asked of every machine in every decision. An operator, or a call, would copy the row: twice the time.
    @inline(__always) public var isHealthy: Bool { if case .healthy = health { true } else { false } }
    @inline(__always) public var isInFlight: Bool { part?.phase.isInFlight ?? false }
    /// Its system lives, and complains.
    public var saysItIsIll: Bool { if case .ill(_, _?) = health { true } else { false } }
    /// It was healthy once, and nobody took it out of service: budgets are made of these.
    @inline(__always) public var isCounted: Bool { if isActive, case .some = boot.lastGood { true } else { false } }
    @inline(__always) public var isActive: Bool { if case .active = state { true } else { false } }
    /// Counted, and not both healthy and left alone.
    @inline(__always) public var isUnavailable: Bool { isCounted && (!isHealthy || isInFlight) }
    /// The value of a label that names failure domains.
    public func domain(_ label: String) -> String { labels[label] ?? Self.noDomain }
    static let noDomain = "(none)"
}

extension MachineRow {
    /// Takes over what the ledger says of the machine now.
    ///
    /// - Parameter isHeard: false when a system that should be heard of is not.
    /// - Returns: how long it took from its reboot until it was healthy, when it has just become so.
    mutating func observe(
        boot: MachineBootState,
        open: OpenBoot?,
        isHeard: Bool,
        at now: ObservedTime
    ) -> TimeSpan? {
        let hasBooted = boot.bootEpoch != self.boot.bootEpoch
        if hasBooted { bootBegan = now }
        self.boot = boot
        step = Step(open)
        if let open { withoutKernelSince = open.fetched == nil ? withoutKernelSince ?? now : nil }
        let isWell = open?.healthy != nil && open?.ailment == nil && open?.isRescue == false && isHeard
        switch (health, isWell) {
        case (.healthy, true):
            // Its reboot went by unseen, while the store was away: its health is a new one all the same.
            if hasBooted { health = .healthy(since: now) }
        case (.ill, true):
            health = .healthy(since: now)
            leftHealth = nil
            return timeToHealth(at: now)
        case (.healthy, false):
            health = .ill(since: now, ailment: open?.ailment)
            if !isInFlight { leftHealth = now }
        case (.ill(let since, _), false):
            health = .ill(since: since, ailment: open?.ailment)
        }
        return nil
    }

    private func timeToHealth(at now: ObservedTime) -> TimeSpan? {
        if let part, part.phase == .rebooting, part.reboots > 0 { return now - part.since }
        return bootBegan.map { now - $0 }
    }
}

extension MachineRow.Step {
    init(_ open: OpenBoot?) {
        guard let open else {
            self = .none
            return
        }
        self = open.healthy != nil ? .healthy : open.up != nil ? .up : open.fetched != nil ? .fetched : .script
    }
}
