import Glibc
import Logging
import Synchronization
import Vocabulary

/// A read-only TFTP server (RFC 1350, 2347, 2348, 2349, 7440) on a thread of its own.
///
/// It serves the closed list of `ResourceName` and nothing else: no name ever reaches a file system. Requests are
/// answered over IPv4 and, when asked for, IPv6; scripts over IPv4 only.
public final class TFTPService: Sendable {
    public struct Configuration: Hashable, Sendable {
        /// 0 lets the kernel choose, for tests.
        public var port: UInt16 = 69
        /// One socket each, which hears nothing else; empty for one socket on all interfaces.
        public var interfaces: [String] = []
        /// The one address to bind; `.any` for all.
        public var address = IPv4Address.any
        /// Also listen on IPv6.
        public var servesIPv6 = false
        /// Everything leaves from the server's own port, for networks whose firewalls let nothing else through.
        public var isSinglePort = false
        /// Transfers at once. Each one holds a socket and, once blocks flow, a buffer of at most 64 KiB.
        public var maximumTransfers = 4096
        /// Blocks of the longest window that is agreed to.
        public var windowLimit = 64
        /// Until something is sent again the first time; later repetitions take longer.
        public var initialTimeout = Duration.seconds(1)
        public var longestTimeout = Duration.seconds(8)
        /// Repetitions in a row without progress before a transfer is given up.
        public var retries = 5
        /// The same for a peer that never answered at all.
        public var unansweredRetries = 3
        /// The port of the boot plane's HTTP, which scripts name.
        public var httpPort: UInt16 = 8080

        public init() {}
    }

    let configuration: Configuration
    let authority: any BootAuthority
    let scripts: ScriptRenderer
    let logger: Logger
    private let published = Mutex((counters: TFTPCounters(), addresses: [SocketAddress]()))

    public init(
        configuration: Configuration = Configuration(),
        authority: any BootAuthority,
        scripts: ScriptRenderer = ScriptRenderer(),
        logger: Logger
    ) {
        self.configuration = configuration
        self.authority = authority
        self.logger = logger
        self.scripts = scripts
    }

    /// What happened so far, at most a moment old.
    public var counters: TFTPCounters { published.withLock(\.counters) }

    /// What is bound at the start; empty before it is. Tells what port 0 became.
    public var addresses: [SocketAddress] { published.withLock(\.addresses) }

    /// Serves until the task is cancelled.
    /// - Throws: a `SystemError` when a port cannot be bound at the start. Later troubles are logged and tried again.
    public func run() async throws {
        OpenFileLimit.raise()
        // A window of 16 blocks takes 190 µs on a gigabit link: only clients on faster ones are lingered for.
        let loop = try EventLoop(name: "muster-tftp", lingering: .microseconds(100))
        let server = TFTPServer(loop: loop, service: self) { [weak self] counters in
            self?.published.withLock { $0.counters = counters }
        }
        defer {
            server.stop()
            published.withLock { $0 = (server.snapshot, []) }
        }
        try await loop.run { _ in
            Self.giveWay()
            try server.start()
            self.published.withLock { $0.addresses = server.addresses }
        }
    }
}

extension TFTPService {
    /// Where processors are short, a DISCOVER or a script goes first: loaders are most of the packets of a storm, and nobody
    /// waits for a single one of them. Of the calling thread alone (setpriority(2)).
    private static func giveWay() { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 5) }
}

extension TFTPService.Configuration {
    /// The sockets to bind.
    var sockets: [DatagramSocket.Configuration] {
        var locals = [SocketAddress(address, port: port)]
        if servesIPv6 { locals.append(.anyIPv6(port: port)) }
        let places: [String?] = interfaces.isEmpty ? [nil] : interfaces
        return places.flatMap { interface in
            locals.map { local in
                var socket = DatagramSocket.Configuration(local: local, interface: interface)
                // Two servers that share a port silently would each get half of the requests.
                socket.reusesAddress = false
                return socket
            }
        }
    }

    var patience: TransferStateMachine.Patience {
        var patience = TransferStateMachine.Patience()
        patience.initialTimeout = UInt64(clamping: initialTimeout.milliseconds) * 1_000_000
        patience.longestTimeout = UInt64(clamping: longestTimeout.milliseconds) * 1_000_000
        patience.retries = retries
        patience.unansweredRetries = unansweredRetries
        return patience
    }
}
