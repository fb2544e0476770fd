import Testing
import Vocabulary

@testable import PXE

/// The server on a link of its own, which comes and goes.
@Suite struct TFTPInterfaceTests {
    private static let server = IPv4Address(192, 0, 2, 1)
    private static let client = IPv4Address(192, 0, 2, 50)
    private static let file = TFTPServiceTests.bytes(20_000)

    /// A server that is bound to `eth0` of a namespace, and what it counts.
    private func withServer(
        in namespace: NetworkNamespace,
        _ body: (Found<TFTPCounters>) async throws -> Void
    ) async throws {
        let loop = try EventLoop(name: "test-tftp")
        var configuration = TFTPService.Configuration()
        configuration.interfaces = ["eth0"]
        let authority = MemoryAuthority([TFTPServiceTests.loader: Self.file])
        let service = TFTPService(configuration: configuration, authority: authority, logger: TFTPBench.logger)
        let counters = Found<TFTPCounters>()
        async let running: Void = namespace.inside {
            let server = TFTPServer(loop: loop, service: service) { counters.append($0) }
            try server.start()
            func look() {
                counters.append(server.snapshot)
                loop.schedule(after: .milliseconds(5)) { look() }
            }
            look()
            try loop.loop()
        }
        try await eventually { !counters.all.isEmpty }
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(counters))
        } catch {
            result = .failure(error)
        }
        loop.stop()
        try await running
        try result.get()
    }

    private func addresses(_ serverSide: NetworkNamespace, _ clientSide: NetworkNamespace) throws {
        try serverSide.configure("addr", "add", "\(Self.server)/24", "dev", "eth0")
        try clientSide.configure("addr", "add", "\(Self.client)/24", "dev", "eth0")
    }

    private func fetch(in namespace: NetworkNamespace) async throws -> [UInt8] {
        try await namespace.inside {
            var probe = try TFTPProbe(SocketAddress(Self.server, port: 69))
            probe.patience = 50
            return try probe.fetch("loader.efi", blockSize: 1468, window: 4)
        }
    }

    @Test("an interface that is not there yet, goes, and returns as another one is served each time")
    func returningInterface() async throws {
        let (serverSide, clientSide) = (try NetworkNamespace(), try NetworkNamespace())
        try await withServer(in: serverSide) { _ in
            for _ in 0..<2 {
                try serverSide.connect(to: clientSide)
                try addresses(serverSide, clientSide)
                var received: [UInt8] = []
                // The kernel reports the new interface at its own time; until it is bound, requests go unheard.
                for _ in 0..<100 where received.isEmpty {
                    received = (try? await fetch(in: clientSide)) ?? []
                }
                #expect(received == Self.file)
                try serverSide.configure("link", "del", "eth0")
            }
        }
    }

    @Test("26: the block size is clamped to the interface's MTU, and no packet is a fragment")
    func clampedToInterface() async throws {
        let (serverSide, clientSide) = try NetworkNamespace.pair(mtu: 1300)
        try addresses(serverSide, clientSide)
        try await withServer(in: serverSide) { _ in
            let reply = try await clientSide.inside {
                let probe = try TFTPProbe(SocketAddress(Self.server, port: 69))
                probe.request("loader.efi", "blksize", "8192")
                return probe.receive()
            }
            #expect(reply?.bytes == [0, 6] + Array("blksize\u{0}1268\u{0}".utf8))
        }
    }

    @Test("34: a request from port 0 is dropped, the next one is answered")
    func portZero() async throws {
        let (serverSide, clientSide) = try NetworkNamespace.pair()
        try addresses(serverSide, clientSide)
        let mac = try await serverSide.inside { try NetworkInterface.named("eth0")?.mac }
        let target = try #require(mac)
        try await withServer(in: serverSide) { counters in
            try await clientSide.inside {
                guard let interface = try NetworkInterface.named("eth0") else { return }
                let socket = try PacketSocket(on: interface)
                let request = ReadRequestTests.packet(1, "missing", "octet")
                for port in [0, 2070] as [UInt16] {
                    let from = Endpoint(address: Self.client, port: port)
                    socket.send(request, from: from, to: Endpoint(address: Self.server, port: 69), at: target)
                }
            }
            try await eventually { counters.all.last?.refusedRequests[.fileNotFound] == 1 }
            #expect(counters.all.last?.requests == 1)
            #expect(counters.all.last?.ignoredDatagrams == 1)
        }
    }
}
