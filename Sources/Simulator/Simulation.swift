import PXE
import Synchronization
import Vocabulary

/// A fleet of machines that boot from a running server, on one thread of this process.
public final class Simulation: Sendable {
    public struct Configuration: Sendable {
        public var machines: Int
        /// The power comes on at one machine after the other in this time.
        public var over: Duration
        /// Where DHCP is asked; the rest is where the server says.
        public var server: IPv4Address
        /// An address of this host in the network that the server gives the machines' addresses from.
        public var relay: IPv4Address
        public var faults = Faults()
        public var seed: UInt64 = 1
        /// From the last byte of the initrd to `up`, a tenth more or less.
        public var bootTime = Duration.zero
        /// Whether machines go on when they are healthy: alive each half minute, and rebooting when they are ordered to.
        public var takesOrders = false
        /// When to end, from the last power-on on; nil for never, which only `takesOrders` allows.
        public var ending: Duration? = .seconds(120)

        public init(machines: Int, over: Duration, server: IPv4Address, relay: IPv4Address) {
            (self.machines, self.over, self.server, self.relay) = (machines, over, server, relay)
        }
    }

    public let configuration: Configuration
    private let state: Mutex<State>

    private struct State {
        var report: SimulationReport
        var failure: SystemError?
    }

    public init(_ configuration: Configuration) {
        self.configuration = configuration
        state = Mutex(State(report: Recorder(machines: configuration.machines).report(at: .zero)))
    }

    /// What came of it so far, a fifth of a second ago at most.
    public var report: SimulationReport { state.withLock { $0.report } }

    /// Runs until every machine is healthy or beyond help, until the configured end, or until the task is cancelled.
    /// - Throws: a `SystemError` when this host does not have the relay's or a machine's address.
    public func run() async throws {
        OpenFileLimit.raise()
        let loop = try EventLoop(name: "simulator")
        try await loop.run { [self] loop in
            let fleet = try SimulatedFleet(configuration, loop: loop) { [self] report, failure in
                state.withLock { state in
                    state.report = report
                    state.failure = state.failure ?? failure
                }
            }
            fleet.begin()
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }
}
