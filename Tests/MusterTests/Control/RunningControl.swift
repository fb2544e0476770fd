import Control
import Fleet
import Foundation
import Logging
import NIOCore
import ServiceLifecycle
import Testing
import Vocabulary

@testable import muster

/// A fleet and its control plane in this process, on a socket and on a port that the system chose.
struct RunningControl: Sendable {
    let fleet: FleetService
    /// On the socket.
    let client: ControlClient
    let socket: String
    let tokens: TokenFile
    let port: Int
    let scheme: String

    var url: String { "\(scheme)://127.0.0.1:\(port)" }

    /// As a token's owner sees it; nil for nobody.
    func withClient<Value>(token: String?, _ body: (ControlClient) async throws -> Value) async throws -> Value {
        try await ControlClient.with(.network(url: url, token: token, authority: nil), body)
    }

    /// For as long as `body` runs.
    static func with(
        anonymous: Role? = .viewer,
        tls: ControlServer.Configuration.TLS? = nil,
        _ body: @Sendable @escaping (RunningControl) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let (addresses, continuation) = AsyncStream<SocketAddress>.makeStream()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let fleet = try await FleetService(.init(data: directory.path), logger: logger)
        let socket = directory.path + "/muster.sock"
        let tokens = TokenFile(path: directory.path + "/tokens.json")
        let listen = Endpoint(address: .loopback, port: 0)
        let server = ControlServer(
            configuration: .init(socket: socket, listen: listen, anonymous: anonymous, tls: tls),
            plane: FleetControlPlane(fleet: fleet, tokens: tokens),
            tokens: tokens,
            logger: logger
        ) { continuation.yield($0) }
        let group = ServiceGroup(services: [fleet, server], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var tcp: SocketAddress?
            var isListening = false
            for await address in addresses {
                if address.port == nil { isListening = true } else { tcp = address }
                if isListening, tcp != nil { break }
            }
            let port = try #require(tcp?.port)
            try await ControlClient.with(socket: socket) { client in
                try await body(
                    RunningControl(
                        fleet: fleet,
                        client: client,
                        socket: socket,
                        tokens: tokens,
                        port: port,
                        scheme: tls == nil ? "http" : "https"
                    )
                )
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(!FileManager.default.fileExists(atPath: socket))
    }
}
