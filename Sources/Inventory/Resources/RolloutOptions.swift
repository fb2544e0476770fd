import Vocabulary

/// A number of machines, or a part of them.
public enum Share: Hashable, Sendable {
    case count(Int)
    /// 0 to 100, of the profile's machines; rounds down, at least one.
    case percent(Int)
}

extension Share: CustomStringConvertible, LosslessStringConvertible {
    public var description: String {
        switch self {
        case .count(let count): "\(count)"
        case .percent(let percent): "\(percent)%"
        }
    }

    /// `3` or `25%`; nil otherwise.
    public init?(_ description: String) {
        let isPercent = description.utf8.last == UInt8(ascii: "%")
        let digits = isPercent ? description.dropLast() : description[...]
        guard let number = Int(digits), number >= 0, String(number) == digits, !isPercent || number <= 100 else {
            return nil
        }
        self = isPercent ? .percent(number) : .count(number)
    }

    /// Of so many machines; percentages round down, at least one (unless none at all was said).
    public func count(of machines: Int) -> Int {
        switch self {
        case .count(let count): count
        case .percent(0): 0
        case .percent(let percent): max(1, machines * percent / 100)
        }
    }
}

/// How a profile's machines are moved to a new release; flags of `muster roll` override these.
public struct RolloutOptions: Hashable, Sendable {
    public enum FailureAction: String, Hashable, Sendable, CaseIterable { case hold, rollback }

    public var canary: Share = .count(1)
    /// How much of the profile is on the new release after each wave.
    public var waves: [Share] = [.percent(5), .percent(25), .percent(100)]
    public var maxUnavailable: Share = .percent(10)
    /// Room in each failure domain, by the label that names it.
    public var per: [String: Share] = [:]
    /// How long each wave is watched.
    public var bake: TimeSpan = .minutes(10)
    public var maxFailures: Share = .count(1)
    /// As written; read by the engine that runs them.
    public var gates: [JSONValue] = []
    public var drain: [String: JSONValue] = [:]
    public var window: [String: JSONValue] = [:]
    /// How a machine is made to reboot; `auto` tries what the machine has.
    public var reboot = "auto"
    public var onFailure: FailureAction = .hold
    /// How long a machine must stay healthy to count.
    public var minHealthy: TimeSpan = .minutes(2)
    /// Boots that an unproven image gets before the machine goes back to its last good.
    public var tries = 2

    public init() {}
}
