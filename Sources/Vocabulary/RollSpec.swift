/// How a profile's machines are moved to another image: what `rollout:` of the profile and the flags of `muster roll`
/// come to. Everything has a default.
public struct RollSpec: Hashable, Sendable, Codable {
    /// Who goes first.
    public struct Canary: Hashable, Sendable, Codable {
        /// None: the first wave begins at once.
        public var count = Share.count(1)
        /// A label and its value; machines that carry it are taken first.
        public var prefer: Label?
        /// At least one machine of each hardware model.
        public var onePerModel = false

        public init(count: Share = .count(1), prefer: Label? = nil, onePerModel: Bool = false) {
            self.count = count
            self.prefer = prefer
            self.onePerModel = onePerModel
        }
    }

    public struct Label: Hashable, Sendable, Codable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Asked after each stage's bake; every one must pass before the next stage.
    public enum Gate: Hashable, Sendable, Codable {
        /// 200 passes, other 2xx and 5xx are unknown, the rest fails.
        case http(url: String)
        /// A query that gives a true or false, at a Prometheus.
        case prometheus(server: String, query: String)
        /// 0 passes, 75 is unknown, the rest fails.
        case command([String])
    }

    /// Who is told, before a machine is rebooted, to take its work away; and afterwards that it is back.
    public struct Drain: Hashable, Sendable, Codable {
        public enum Hook: Hashable, Sendable, Codable {
            /// POST; 200 done, 202 ask again, the rest refuses.
            case http(url: String)
            /// 0 done, 75 ask again, the rest refuses.
            case command([String])
        }
        public enum Timeout: String, Hashable, Sendable, Codable, CaseIterable {
            /// The machine keeps what it has, and the roll goes on without it.
            case skip
            /// The machine is rebooted with its work on it.
            case force
        }

        public var hook: Hook
        public var deadline = TimeSpan.minutes(10)
        /// Pause before a hook that said "again" is asked again.
        public var interval = TimeSpan.seconds(15)
        public var onTimeout = Timeout.skip

        public init(
            hook: Hook,
            deadline: TimeSpan = .minutes(10),
            interval: TimeSpan = .seconds(15),
            onTimeout: Timeout = .skip
        ) {
            self.hook = hook
            self.deadline = deadline
            self.interval = interval
            self.onTimeout = onTimeout
        }
    }

    public enum Reboot: String, Hashable, Sendable, Codable, CaseIterable {
        /// By whatever the machine has: agent, BMC, hook.
        case auto
        /// Not at all: machines take the image up whenever they reboot by themselves.
        case none
    }

    public enum FailureAction: String, Hashable, Sendable, Codable, CaseIterable { case hold, rollback }

    public var canary = Canary()
    /// How much of the roll has had its turn after each wave; what is left after the last one goes in a wave of its own.
    public var waves: [Share] = [.percent(5), .percent(25), .percent(100)]
    public var maxUnavailable = Share.percent(10)
    /// Room in each failure domain, by the label that names it. Machines without the label form the domain `(none)`.
    public var per: [String: Share] = [:]
    public var bake = TimeSpan.minutes(10)
    /// More failures than these stop the roll. A canary's failure always does.
    public var maxFailures = Share.count(1)
    public var gates: [Gate] = []
    public var drain: Drain?
    public var window: Window?
    public var reboot = Reboot.auto
    public var onFailure = FailureAction.hold
    /// How long a machine must stay healthy to count.
    public var minHealthy = TimeSpan.minutes(2)
    /// Boots that an unproven image gets before the machine goes back to its last good.
    public var tries = 2
    /// How long a boot may take; nil for what was learned of the machine's model.
    public var bootDeadline: TimeSpan?
    /// How long nothing may move for want of room before the roll is held.
    public var patience = TimeSpan.minutes(60)

    public init() {}
}
