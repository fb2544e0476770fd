import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import Vocabulary

#if canImport(Glibc)
import Glibc
#endif

/// The control plane's listeners: the unix socket, on which everything is allowed to whoever may open it, and TCP, on
/// which nobody says who they are and everybody may only read.
public struct ControlServer: Service {
    public struct Configuration: Hashable, Sendable {
        /// The unix socket; made with mode 0660.
        public var socket: String
        /// nil for no TCP.
        public var listen: Endpoint?

        public init(socket: String, listen: Endpoint?) {
            self.socket = socket
            self.listen = listen
        }
    }

    private let configuration: Configuration
    private let routes: ControlRoutes
    private let logger: Logger
    private let onListening: @Sendable (SocketAddress) -> Void

    /// - Parameter onListening: is called for each listener with the address that it has.
    public init(
        configuration: Configuration,
        plane: some ControlPlane,
        logger: Logger,
        onListening: @escaping @Sendable (SocketAddress) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.logger = logger
        self.onListening = onListening
        routes = ControlRoutes(plane: plane)
    }

    /// Serves until the graceful shutdown.
    ///
    /// - Throws: `ControlError` when the socket belongs to a running server; what the system says when it cannot bind.
    public func run() async throws {
        try removeStaleSocket()
        defer { unlink(configuration.socket) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await serveSocket() }
            if let listen = configuration.listen { group.addTask { try await serve(listen) } }
            try await group.waitForAll()
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

    private func serve(_ endpoint: Endpoint) async throws {
        let application = Application(
            router: routes.router(.network(anonymous: .viewer)),
            configuration: .init(address: .hostname("\(endpoint.address)", port: Int(endpoint.port))),
            onServerRunning: { channel in
                guard let address = channel.localAddress else { return }
                let url = "http://\(endpoint.address):\(address.port ?? 0)"
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
