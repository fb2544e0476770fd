import Logging
import Synchronization
import Vocabulary

/// DHCP on the wire: sockets on each interface, one thread, the engines in the middle (RFC 2131, PXE 2.1).
///
/// Server mode serves once every kept lease is read, never before. In every mode but `off`, port 4011 is answered too.
public final class DHCPService: Sendable {
    let authority: any BootAuthority
    let store: any LeaseStore
    let logger: Logger
    let responses = Histogram()
    private let state: Mutex<State>

    private struct State {
        var configuration: DHCPConfiguration
        var counters = DHCPCounters()
        var shell: DHCPShell?
        var interfaces: [String] = []
    }

    public init(
        configuration: DHCPConfiguration,
        authority: any BootAuthority,
        leases: any LeaseStore,
        logger: Logger
    ) {
        self.authority = authority
        self.store = leases
        self.logger = logger
        state = Mutex(State(configuration: configuration))
    }

    /// What happened so far.
    public var counters: DHCPCounters {
        var counters = state.withLock(\.counters)
        counters.responses = responses.snapshot
        return counters
    }

    /// The interfaces whose sockets are open, by name.
    public var servedInterfaces: [String] { state.withLock(\.interfaces) }

    /// Serves until the task is cancelled.
    /// - Throws: a `SystemError` when a port cannot be bound at the start, or what the store said when its leases
    ///   cannot be read. An interface that is not there yet is waited for. Later troubles are logged and tried again.
    public func run() async throws {
        try await run(preparing: {})
    }

    /// - Parameter preparing: called on the service's thread before anything else there: tests enter a network
    ///   namespace in it.
    func run(preparing: @escaping @Sendable () throws -> Void) async throws {
        let loop = try EventLoop(name: "muster-dhcp")
        let shell = DHCPShell(loop: loop, service: self, configuration: state.withLock(\.configuration))
        state.withLock { $0.shell = shell }
        defer {
            state.withLock { ($0.shell, $0.interfaces) = (nil, []) }
            shell.close()
        }
        try await loop.run { _ in
            try preparing()
            try shell.start()
        }
    }

    /// Goes on with another configuration; leases and open offers stay. Harmless while nothing runs.
    public func reload(_ configuration: DHCPConfiguration) {
        let shell = state.withLock { state in
            state.configuration = configuration
            return state.shell
        }
        guard let shell else { return }
        shell.loop.submit { shell.reload(configuration) }
    }

    func count(_ more: DHCPCounters) { state.withLock { $0.counters += more } }

    func publish(interfaces: [String]) { state.withLock { $0.interfaces = interfaces } }
}
