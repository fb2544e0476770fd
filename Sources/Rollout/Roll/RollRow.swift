import Vocabulary

/// A roll's number, in the order in which they were started.
public struct RollID: RawRepresentable, Hashable, Comparable, Sendable, Codable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    public static func < (a: RollID, b: RollID) -> Bool { a.rawValue < b.rawValue }
}

extension RollID: CustomStringConvertible {
    public var description: String { "roll \(rawValue)" }
}

/// One roll: what was asked for, and how far it is. Which machine has which part in it stands on the machines.
///
///     running ──▶ held ──▶ running        by the engine; back by `resume`, `promote`, `retry`
///        │          │
///        ├──────────┴──▶ ended            done by the engine; aborted, rolledBack by a person or `onFailure`
///
/// While it runs it is in one stage: machines have their turns, then it bakes, then the gates are asked, then the next
/// stage begins. A pause lies over all of that and stops turns, gates and stages; deadlines go on.
public struct RollRow: Hashable, Sendable, Codable {
    /// Where it stands.
    public enum Status: Hashable, Sendable, Codable {
        case running
        /// No machine has its turn until a person says so.
        case held(Hold)
        case ended(End)
    }

    /// How it came to its end.
    public enum End: String, Hashable, Sendable, Codable {
        /// Every machine had its turn, or was passed over.
        case done
        /// A person gave it up: who had no turn keeps what it had.
        case aborted
        /// Another roll takes its machines back.
        case rolledBack
    }

    /// Why a roll was held.
    public struct Hold: Hashable, Sendable, Codable {
        public enum Cause: String, Hashable, Sendable, Codable {
            /// A canary failed: nothing but `retry`, `abort` and `rollback` goes on from here.
            case canaryFailed
            /// A canary's turn was passed over, so it proved nothing.
            case canaryUnproven
            /// More machines failed than `maxFailures` allows.
            case failures
            case gateFailed
            /// A gate gave no answer, or one that is neither yes nor no.
            case gateUnknown
            /// For as long as `patience` there was no room for another turn.
            case stalled
        }
        public var cause: Cause
        /// For people.
        public var reason: String

        public init(_ cause: Cause, _ reason: String) {
            self.cause = cause
            self.reason = reason
        }
    }

    /// Whether it moves machines to something new, or back.
    public enum Kind: Hashable, Sendable, Codable {
        case forward
        case rollback(of: RollID)
    }

    /// What a gate said; for people, why it did not pass.
    public enum GateOutcome: Hashable, Sendable, Codable {
        case pass
        case fail(String)
        case unknown(String)
    }

    /// One gate of the current stage.
    public struct GateCheck: Hashable, Sendable, Codable {
        /// When it was first asked; nil before. It is asked again by whoever drives next.
        public var asked: ObservedTime?
        public var outcome: GateOutcome?
    }

    public let id: RollID
    public let profile: String
    /// What the machines are moved to, for people: `web@41`.
    public let title: String
    public let kind: Kind
    public var spec: RollSpec
    public var status = Status.running
    public var isPaused = false
    /// Number of stages, the canary's included.
    public let stages: Int
    /// True when stage 0 is the canary's.
    public let hasCanary: Bool
    public var stage = 0
    /// When the current stage has baked; nil while too many of its machines have their turns (`Standing.isNearlyOver`).
    public var bakeUntil: ObservedTime?
    public var gates: [GateCheck]
    /// Failures that a person has looked at and gone on from.
    public var forgiven = 0
    /// Since when nothing could move for want of room.
    public var stalledSince: ObservedTime?
    /// Grants so far.
    public var grants = 0

    public init(
        id: RollID,
        profile: String,
        title: String,
        kind: Kind = .forward,
        spec: RollSpec,
        stages: Int,
        hasCanary: Bool
    ) {
        self.id = id
        self.profile = profile
        self.title = title
        self.kind = kind
        self.spec = spec
        self.stages = stages
        self.hasCanary = hasCanary
        gates = Array(repeating: GateCheck(), count: spec.gates.count)
    }

    public var isOpen: Bool { if case .ended = status { false } else { true } }
    public var isRunning: Bool { status == .running }
    public var isRollback: Bool { kind != .forward }
    public var isCanaryStage: Bool { hasCanary && stage == 0 }
}
