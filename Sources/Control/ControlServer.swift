import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import Vocabulary

#if canImport(Glibc)
import Glibc
#endif

/// The control plane's listeners: the unix socket, on which everything is allowed to whoever may open it, and TCP, on
/// which tokens say who asks and what they may do. What is wrong with TCP is said and tried again; the socket goes on.
public struct ControlServer: Service {
    public struct Configuration: Hashable, Sendable {
        /// The unix socket; made with mode 0660.
        public var socket: String
        /// nil for no TCP.
        public var listen: Endpoint?
        /// What TCP's callers are worth that show no token; nil for nothing.
        public var anonymous: Role?
        /// nil for HTTP in the clear.
        public var tls: TLS?
        /// Until TCP is tried again when it could not be served.
        public var retry = Duration.seconds(5)

        public init(socket: String, listen: Endpoint?, anonymous: Role? = nil, tls: TLS? = nil) {
            self.socket = socket
            self.listen = listen
            self.anonymous = anonymous
            self.tls = tls
        }
    }

    private let configuration: Configuration
    private let routes: ControlRoutes
    private let tokens: TokenFile
    private let logger: Logger
    private let onListening: @Sendable (SocketAddress) -> Void
    private let network = Network()

    /// Why nobody is served over TCP; nil while they are.
    private final class Network: Sendable {
        private let failure = Mutex<String?>(nil)

        func check(_ endpoint: Endpoint) -> Readiness.Check {
            let failure = failure.withLock { $0 }
            return .init(name: "tcp", isReady: failure == nil, message: failure ?? "\(endpoint) is served")
        }

        /// - Returns: whether that is news.
        func fail(_ reason: String?) -> Bool {
            failure.withLock { failure in
                defer { failure = reason }
                return failure != reason
            }
        }
    }

    /// - Parameter onListening: is called for each listener with the address that it has.
    public init(
        configuration: Configuration,
        plane: some ControlPlane,
        tokens: TokenFile,
        logger: Logger,
        onListening: @escaping @Sendable (SocketAddress) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.logger = logger
        self.tokens = tokens
        self.onListening = onListening
        routes = ControlRoutes(plane: plane) { [network] in configuration.listen.map { [network.check($0)] } ?? [] }
    }

    /// Serves until the graceful shutdown.
    ///
    /// - Throws: `ControlError` when the socket belongs to a running server; what the system says when it cannot be made.
    public func run() async throws {
        try removeStaleSocket()
        defer { unlink(configuration.socket) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await serveSocket() }
            if let listen = configuration.listen { group.addTask { await keepServing(listen) } }
            // Who fails first ends the other.
            for try await _ in group {}
        }
    }

    private func serveSocket() async throws {
        let path = configuration.socket
        let application = Application(
            router: routes.router(.socket),
            configuration: .init(address: .unixDomainSocket(path: path)),
            onServerRunning: { channel in
                // Until here the process's umask kept the group out.
                chmod(path, 0o660)
                logger.notice("control plane listens", metadata: ["socket": "\(path)"])
                if let address = channel.localAddress { onListening(address) }
            },
            logger: quiet
        )
        try await application.run()
    }

    /// TCP, again and again when something is in its way.
    private func keepServing(_ endpoint: Endpoint) async {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do {
                return try await serve(endpoint)
            } catch {
                guard !Task.isShuttingDownGracefully, !Task.isCancelled else { return }
                let reason = "\(endpoint) is not served: \(error)"
                if network.fail(reason) {
                    logger.error(
                        "control plane does not serve TCP; the socket goes on",
                        metadata: ["reason": "\(reason)", "again": "every \(configuration.retry)"]
                    )
                }
            }
            do {
                try await cancelWhenGracefulShutdown { try await Task.sleep(for: configuration.retry) }
            } catch {
                return
            }
        }
    }

    private func serve(_ endpoint: Endpoint) async throws {
        let scheme = configuration.tls == nil ? "http" : "https"
        if configuration.tls == nil, !endpoint.address.isLoopback {
            logger.warning("tokens travel in the clear: give control.tls a certificate, or put a proxy before it")
        }
        let application = Application(
            router: routes.router(.network(tokens, anonymous: configuration.anonymous)),
            server: try configuration.tls?.builder ?? .http1(),
            configuration: .init(address: .hostname("\(endpoint.address)", port: Int(endpoint.port))),
            onServerRunning: { channel in
                _ = network.fail(nil)
                guard let address = channel.localAddress else { return }
                let url = "\(scheme)://\(endpoint.address):\(address.port ?? 0)"
                logger.notice("control plane listens", metadata: ["url": "\(url)"])
                onListening(address)
            },
            logger: quiet
        )
        try await application.run()
    }

    /// Hummingbird says at `info` what belongs to `debug` here.
    private var quiet: Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .notice)
        return logger
    }

    /// A socket that nobody answers on was left by a killed server.
    private func removeStaleSocket() throws {
        let path = configuration.socket
        guard access(path, F_OK) == 0 else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let address = try SocketAddress(unixDomainSocketPath: path)
        let status = address.withSockAddr { pointer, size in connect(descriptor, pointer, socklen_t(size)) }
        guard status != 0 else {
            throw ControlError(.conflict, "another muster serves on \(path); stop it, or give this one its own --data")
        }
        unlink(path)
    }
}
