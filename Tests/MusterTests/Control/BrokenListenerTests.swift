import Control
import Fleet
import Foundation
import Logging
import NIOCore
import ServiceLifecycle
import Testing
import Vocabulary

@testable import muster

@Suite("TCP that cannot be served")
struct BrokenListenerTests {
    /// A control plane whose socket is served, whatever TCP does.
    ///
    /// - Parameter tcp: the addresses at which it comes to be served.
    private func withServer(
        tls: ControlServer.Configuration.TLS?,
        listen: Endpoint = Endpoint(address: .loopback, port: 0),
        _ body: @Sendable @escaping (_ client: ControlClient, _ tcp: AsyncStream<SocketAddress>) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let (socket, socketServed) = AsyncStream<Void>.makeStream()
        let (tcp, tcpServed) = AsyncStream<SocketAddress>.makeStream()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let fleet = try await FleetService(.init(data: directory.path), logger: logger)
        let tokens = TokenFile(path: directory.path + "/tokens.json")
        var configuration = ControlServer.Configuration(
            socket: directory.path + "/muster.sock",
            listen: listen,
            anonymous: .viewer,
            tls: tls
        )
        configuration.retry = .milliseconds(50)
        let server = ControlServer(
            configuration: configuration,
            plane: FleetControlPlane(fleet: fleet, tokens: tokens),
            tokens: tokens,
            logger: logger
        ) { address in
            if address.port == nil { socketServed.yield() } else { tcpServed.yield(address) }
        }
        let group = ServiceGroup(services: [fleet, server], logger: logger)
        let path = configuration.socket
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            for await _ in socket { break }
            try await ControlClient.with(socket: path) { try await body($0, tcp) }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    /// What `/readyz` says of TCP, once it says something else than `before`.
    private func check(_ client: ControlClient, after before: String? = nil) async throws -> Readiness.Check {
        let end = ContinuousClock.now + .seconds(30)
        while true {
            let check = try #require(try await client.readiness().checks.first { $0.name == "tcp" })
            if !check.isReady, check.message != before { return check }
            try #require(ContinuousClock.now < end, "\(check)")
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test("a certificate that cannot be read is said with its file; the socket is served, and TCP once it is mended")
    func certificate() async throws {
        let directory = try TemporaryDirectory()
        let made = try CertificateFiles.make(in: directory.path)
        let files = ControlServer.Configuration.TLS(
            certificate: directory.path + "/boot.pem",
            key: directory.path + "/boot.key"
        )
        try await withServer(tls: files) { client, tcp in
            let absent = try await check(client)
            let place = "control.tls.certificate: \(files.certificate)"
            #expect(absent.message.contains("\(place) cannot be read: No such file or directory; put it there"))
            let machines: [MachineView] = try await client.get("/v1/machines")
            #expect(machines.isEmpty)

            try Data("no certificate".utf8).write(to: URL(fileURLWithPath: files.certificate))
            let wrong = try await check(client, after: absent.message)
            #expect(wrong.message.contains("\(place) is not a PEM certificate"), "\(wrong.message)")
            let certificate = try Data(contentsOf: URL(fileURLWithPath: made.certificate))
            try certificate.write(to: URL(fileURLWithPath: files.certificate), options: .atomic)
            let keyless = try await check(client, after: wrong.message)
            #expect(keyless.message.contains("control.tls.key: \(files.key) cannot be read"), "\(keyless.message)")
            #expect(try await client.readiness().isReady == false)

            let elsewhere = try TemporaryDirectory()
            let foreign = try CertificateFiles.make(in: elsewhere.path)
            try FileManager.default.copyItem(atPath: foreign.key, toPath: files.key)
            let unpaired = try await check(client, after: keyless.message)
            let pair = "the key in \(files.key) does not belong to the certificate in \(files.certificate)"
            #expect(unpaired.message.contains(pair), "\(unpaired.message)")

            try Data(contentsOf: URL(fileURLWithPath: made.key))
                .write(to: URL(fileURLWithPath: files.key), options: .atomic)
            var addresses = tcp.makeAsyncIterator()
            let port = try #require(await addresses.next()?.port)
            let place2 = ServerPlace.network(
                url: "https://127.0.0.1:\(port)",
                token: nil,
                authority: files.certificate
            )
            let seen = try await ControlClient.with(place2) { try await $0.readiness() }
            #expect(seen.isReady)
            #expect(seen.checks.last?.message.hasSuffix("is served") == true)
        }
    }

    @Test("a port that somebody else has is said, and the socket is served")
    func taken() async throws {
        try await RunningControl.with { server in
            let taken = Endpoint(address: .loopback, port: UInt16(server.port))
            try await withServer(tls: nil, listen: taken) { client, _ in
                let message = try await check(client).message
                #expect(
                    message.contains("\(taken) is not served: ") && message.contains("Address already in use"),
                    "\(message)"
                )
            }
        }
    }
}
