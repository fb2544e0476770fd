import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization
import Vocabulary

/// The boot plane over HTTP/1.1: scripts, loaders, kernels and initrds, read-only.
///
/// A SwiftNIO listener of its own, apart from the control plane: no request waits for a database, and a file goes
/// from the page cache to the socket without passing through the process.
public final class HTTPBootService: Sendable {
    /// Something that is being listened on.
    public struct Listener: Hashable, Sendable {
        public var endpoint: Endpoint
        public var isSecure: Bool
    }

    private struct Running {
        var channels: [any Channel] = []
        var listeners: [Listener] = []
    }

    private let plane: HTTPBootPlane
    private let group: MultiThreadedEventLoopGroup
    private let running = Mutex(Running())

    /// - Parameters:
    ///   - authority: Who knows machines and images.
    ///   - renderer: Writes the scripts.
    public init(
        configuration: Configuration = Configuration(),
        authority: any BootAuthority,
        renderer: ScriptRenderer = ScriptRenderer(),
        logger: Logger
    ) {
        group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, configuration.eventLoops))
        plane = HTTPBootPlane(
            authority: authority,
            renderer: renderer,
            configuration: configuration,
            eventLoops: Array(group.makeIterator()),
            logger: logger
        )
    }

    public var counters: HTTPCounters.Snapshot { plane.counters.snapshot }

    /// What is listened on, with the ports that the system chose where 0 was asked for; empty before `bind`.
    public var listeners: [Listener] { running.withLock(\.listeners) }

    /// Begins to listen. `run` does it, unless it was done before.
    ///
    /// - Throws: `SystemError` for an address that cannot be bound, and what NIOSSL says of a certificate.
    public func bind() async throws {
        let configuration = plane.configuration
        do {
            for address in configuration.addresses {
                if let port = configuration.port { try await listen(Endpoint(address: address, port: port), nil) }
                if let tls = configuration.tls {
                    let endpoint = Endpoint(address: address, port: tls.port)
                    try await listen(endpoint, try Self.context(for: tls))
                }
            }
        } catch {
            await stopListening()
            throw error
        }
    }

    /// Serves until the task is cancelled; then lets what is running finish, for the grace period at most.
    public func run() async throws {
        do {
            if listeners.isEmpty { try await bind() }
            for listener in listeners {
                let scheme = listener.isSecure ? "https" : "http"
                plane.logger.notice("boot plane listening", metadata: ["url": "\(scheme)://\(listener.endpoint)"])
            }
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
            await stopListening()
            let grace = TimeAmount(plane.configuration.limits.grace)
            await plane.connections.quiesce(grace: grace, on: group.any())
            plane.logger.notice("boot plane stopped")
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
        try await group.shutdownGracefully()
    }

    private func listen(_ endpoint: Endpoint, _ tls: NIOSSLContext?) async throws {
        let plane = plane
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 2048, maximum: 16_384)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try Self.initialize(channel, plane, tls) }
            }
        do {
            let channel = try await bootstrap.bind(host: endpoint.address.description, port: Int(endpoint.port)).get()
            var bound = endpoint
            bound.port = channel.localAddress?.port.map(UInt16.init) ?? endpoint.port
            running.withLock {
                $0.channels.append(channel)
                $0.listeners.append(Listener(endpoint: bound, isSecure: tls != nil))
            }
        } catch let error as IOError {
            throw SystemError("bind TCP", "\(endpoint)", code: error.errnoCode)
        }
    }

    private static func initialize(_ channel: any Channel, _ plane: HTTPBootPlane, _ tls: NIOSSLContext?) throws {
        let pipeline = channel.pipeline.syncOperations
        let open = plane.counters.connectionOpened()
        channel.closeFuture.whenComplete { _ in plane.counters.connectionClosed() }
        guard open <= plane.configuration.limits.connections else {
            try pipeline.addHandler(RefusedConnection(plane: plane, isSecure: tls != nil))
            return
        }
        plane.connections.add(channel)
        if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = plane.configuration.limits.headerBytes
        limits.maxHeaderListSize = plane.configuration.limits.headerBytes
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)
        try pipeline.addHandler(ByteToMessageHandler(decoder))
        let loop = plane.loop(of: channel.eventLoop)
        try pipeline.addHandler(HTTPConnection(plane: plane, loop: loop, isSecure: tls != nil))
    }

    private func stopListening() async {
        let channels = running.withLock { running in
            defer { running = Running() }
            return running.channels
        }
        for channel in channels { try? await channel.close().get() }
    }

    /// TLS 1.2 and later: firmware of 2022 has no 1.3.
    private static func context(for tls: Configuration.TLS) throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMFile(tls.certificateChain)
        let key = try NIOSSLPrivateKey(file: tls.privateKey, format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        configuration.minimumTLSVersion = .tlsv12
        return try NIOSSLContext(configuration: configuration)
    }
}
