import Vocabulary

/// One machine's part in a roll.
///
///     waiting ──grant──▶ granted ──▶ draining ──▶ rebooting ──▶ done ──▶ failed
///        ▲                  │            │            │
///        └───────undo───────┴────────────┘            ├──▶ failed     retry ──▶ waiting
///                                                     └──▶ skipped
///
/// Anything before `done` may become `skipped`. In a rollback the part of a machine that was told to reboot just before
/// begins as `rebooting`. What the machine itself does meanwhile (booting, on probation, back on its last good) is the
/// ledger's to know and stands in `MachineRow.boot`.
public struct RollPart: Hashable, Sendable, Codable {
    /// How far its turn is.
    public enum Phase: String, Hashable, Sendable, Codable, CaseIterable {
        /// Its turn has not come.
        case waiting
        /// The image is assigned to it, and nothing was asked of it yet.
        case granted
        /// The hook was told to take its work away.
        case draining
        /// It is to reboot, boots, or has not been healthy for long enough.
        case rebooting
        /// It is healthy on the image, and was so for `minHealthy`.
        case done
        case failed
        /// Passed over: it keeps what it has.
        case skipped

        /// The engine has taken the machine in hand, and not let go of it yet.
        public var isInFlight: Bool {
            switch self {
            case .granted, .draining, .rebooting: true
            case .waiting, .done, .failed, .skipped: false
            }
        }
        /// Its turn has come to something.
        public var isOver: Bool {
            switch self {
            case .done, .failed, .skipped: true
            case .waiting, .granted, .draining, .rebooting: false
            }
        }
    }

    public let roll: RollID
    public let stage: Int
    /// Its place among all of the roll's machines.
    public let order: Int
    /// What the machine is moved to, and what it was good on when the roll was started.
    public let target: Digest
    public let from: Digest
    public var phase = Phase.waiting
    /// `MachineBootState.generation` of the grant; 0 before.
    public var generation = 0
    /// Which of the roll's grants this machine's was; the newest are the first to be rolled back.
    public var grantNumber = 0
    /// Boots begun when it was granted; later ones may have the new image.
    public var epochAtGrant = 0
    /// Boots begun that the engine has taken note of.
    public var epochSeen = 0
    /// When the phase began.
    public var since = ObservedTime(milliseconds: 0)
    /// When somebody must act if nothing came of the phase.
    public var deadline: ObservedTime?
    /// Reboots asked for in this turn.
    public var reboots = 0
    /// The machine's errands so far, those of its parts in earlier rolls too.
    public var errands = 0
    /// What is to be done outside, or was.
    public var errand: Errand?
    /// Its work was taken away, and nobody was told yet that it is back.
    public var isDrained = false
    /// A failed machine was made to reboot once more, onto what it was good on.
    public var wasRecovered = false
    /// Why it failed or was passed over, for people.
    public var reason: String?

    public init(roll: RollID, stage: Int, order: Int, target: Digest, from: Digest) {
        self.roll = roll
        self.stage = stage
        self.order = order
        self.target = target
        self.from = from
    }
}

/// Something that is done outside of the rows for one machine, and may be done again after a crash.
public struct Errand: Hashable, Sendable, Codable {
    /// What is done.
    public enum Kind: Hashable, Sendable, Codable {
        case drain
        case undrain
        /// - Parameter hard: by power, not by asking the system on it.
        case reboot(hard: Bool)
    }
    /// What came of it.
    public enum Outcome: Hashable, Sendable, Codable {
        case done
        /// Not yet, or nobody answered: to be asked again. With what it waits for.
        case again(String)
        case refused(String)

        /// Why it is not done; nil when it is.
        public var reason: String? {
            switch self {
            case .done: nil
            case .again(let reason), .refused(let reason): reason
            }
        }
    }

    public var kind: Kind
    /// Counts the machine's errands, so that an outcome finds its own.
    public var number: Int
    public var asked: ObservedTime
    /// Nil until it was done; it is done again by whoever drives next.
    public var outcome: Outcome?
    /// Why it was not done when it was last asked for; stays while it is asked for again.
    public var reason: String?
}
