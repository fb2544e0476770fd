import Inventory
import Vocabulary

/// What became of boots and builds since the server started, for metrics: every set of labels is small and fixed.
public struct FleetFigures: Sendable {
    public enum Outcome: String, Hashable, Sendable, CaseIterable { case healthy, failed, superseded }

    /// How far a boot came.
    public enum LastPhase: String, Hashable, Sendable, CaseIterable {
        case script, fetched, up, healthy

        init(_ boot: BootRecord) {
            if boot.healthy != nil {
                self = .healthy
            } else if boot.up != nil {
                self = .up
            } else {
                self = boot.fetched != nil ? .fetched : .script
            }
        }
    }

    public struct BootEnd: Hashable, Sendable {
        /// `other` for a boot without one, and when more profiles than `mostProfiles` were counted already.
        public var profile: String
        public var outcome: Outcome
        public var lastPhase: LastPhase

        public init(profile: String, outcome: Outcome, lastPhase: LastPhase) {
            (self.profile, self.outcome, self.lastPhase) = (profile, outcome, lastPhase)
        }
    }

    /// Profiles that have counters of their own.
    public static let mostProfiles = 100

    mutating func count(_ outcome: Outcome, _ lastPhase: LastPhase, of profile: String?) {
        var name = profile ?? "other"
        let isKnown = boots.keys.contains { $0.profile == name }
        if !isKnown, Set(boots.keys.map(\.profile)).count >= Self.mostProfiles { name = "other" }
        boots[BootEnd(profile: name, outcome: outcome, lastPhase: lastPhase), default: 0] += 1
    }

    /// Machines of a profile run an image.
    public struct Running: Hashable, Sendable {
        public var profile: String
        public var image: Digest
    }

    /// The parts of a boot that take time: script to last byte, last byte to `up`, `up` (or the last byte) to healthy.
    public enum Phase: String, Hashable, Sendable, CaseIterable { case fetch, start, settle }

    /// What a machine that asked was given, and why.
    public enum Answer: String, Hashable, Sendable, CaseIterable {
        /// The image that it is assigned and proved.
        case steady
        /// One that it has not proved yet.
        case trial
        /// Its last good one, the assigned one having failed.
        case fallback
        case rescue
        /// A screen, because nobody described the machine.
        case unknown
        /// A screen for any other reason.
        case paused
    }

    public enum BuildResult: String, Hashable, Sendable, CaseIterable { case made, failed }

    /// Where a build finds what was made before: images and packages that it is built from, and the initrd's parts.
    public enum CacheLayer: String, Hashable, Sendable, CaseIterable { case source, segment }

    public internal(set) var boots: [BootEnd: UInt64] = [:]
    /// By hardware model.
    public internal(set) var phases: [Phase: [String: Histogram.Snapshot]] = [:]
    public internal(set) var answers: [Answer: UInt64] = [:]
    public internal(set) var builds: [BuildResult: UInt64] = [:]
    public internal(set) var cacheHits: [CacheLayer: UInt64] = [:]
    public internal(set) var cacheMisses: [CacheLayer: UInt64] = [:]
    /// Times that a foreign DHCP server was noted.
    public internal(set) var rogueServers: UInt64 = 0
}

extension FleetService {
    public var figures: FleetFigures { authority.statistics.figures }

    /// What machines run, and how many of them.
    public func running() -> [FleetFigures.Running: Int] {
        rollouts.rows.machines.reduce(into: [:]) { counts, row in
            if let image = row.boot.running { counts[.init(profile: row.profile, image: image), default: 0] += 1 }
        }
    }

    /// How long images of profiles took to build.
    public var buildTimes: Histogram.Snapshot { authority.statistics.buildTimes.snapshot }

    /// How long commits of the ledger took: writing them, and flushing them to the disk.
    public var ledgerTimes: (write: Histogram.Snapshot, flush: Histogram.Snapshot) { ledger.times }

    /// How long the rollout engine took to decide what comes next, one look at the fleet each.
    public var decisionTimes: Histogram.Snapshot { authority.statistics.decisions.snapshot }

    /// How long the boot plane has answered from a snapshot whose inventory is away; 0 while it is there.
    public var snapshotAge: Duration {
        guard inventory.failure != nil else { return .zero }
        return Moment.now().uptime - inventoryLastSeen.withLock { $0 }
    }
}
