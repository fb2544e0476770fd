/// One way to switch one machine.
protocol PowerDriver: Sendable {
    /// What people and metrics call it.
    static var name: String { get }

    /// Does it, or gives up by a deadline of its own.
    ///
    /// - Throws: `PowerFailure`, never with a secret in it.
    func perform(_ action: PowerAction) async throws -> PowerOutcome

    /// Whether it has reset the machine in all earnest and no boot came of that: others are tried before it.
    var isSpent: Bool { get }
}

extension PowerDriver {
    var isSpent: Bool { false }
}

enum PowerState: String, Hashable, Sendable { case on, off, unknown }

/// What a driver has done.
struct PowerOutcome: Hashable, Sendable {
    /// As far as the driver saw it.
    var state: PowerState?
    /// What did not go as it should.
    var note: String?
}

/// Why a driver did not switch a machine, in words for people.
struct PowerFailure: Error, Hashable, CustomStringConvertible {
    var description: String
    /// There was no answer at all: it is not worth asking again at once.
    var isUnreachable = false

    init(_ description: String, isUnreachable: Bool = false) {
        self.description = description
        self.isUnreachable = isUnreachable
    }
}

/// How long things may take.
struct PowerTiming: Sendable {
    /// For one driver to be done with one machine.
    var deadline = Duration.seconds(120)
    /// For a system to restart, or to go down, that was asked to.
    var grace = Duration.seconds(60)
    /// For a machine to be on, or off, after it was switched.
    var settle = Duration.seconds(30)
    /// From one look at a machine's state to the next.
    var poll = Duration.seconds(2)
    /// Before something is tried again, the first time; twice as long each further time.
    var retry = Duration.seconds(1)
    /// For a management controller to take a connection, and to answer.
    var connect = Duration.seconds(10)
    var read = Duration.seconds(60)
    /// For one run of `ipmitool`.
    var command = Duration.seconds(30)
    /// Before a controller that did not answer `CircuitBreaker.patience` times in a row is asked again.
    var rest = Duration.seconds(30)
}
