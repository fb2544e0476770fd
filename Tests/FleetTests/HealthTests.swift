import Inventory
import NIOCore
import NIOHTTP1
import NIOPosix
import PXE
import Testing
import Vocabulary

@testable import Fleet

/// Something of a machine that listens, on a port of the kernel's choice.
private struct Listener {
    let channel: any Channel
    var port: UInt16 { UInt16(channel.localAddress!.port!) }

    /// - Parameter status: what is answered over HTTP; nil for a listener that only accepts.
    init(answering status: HTTPResponseStatus?) async throws {
        channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                guard let status else { return channel.eventLoop.makeSucceededVoidFuture() }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Answering(status: status))
                }
            }
            .bind(host: "127.0.0.1", port: 0)
            .get()
    }

    func close() async throws { try await channel.close() }

    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        let status: HTTPResponseStatus
        init(status: HTTPResponseStatus) { self.status = status }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .end = unwrapInboundIn(data) else { return }
            let head = HTTPResponseHead(version: .http1_1, status: status, headers: ["Content-Length": "0"])
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}

@Suite("How health is found out")
struct HealthTests {
    private let loopback = IPv4Address(127, 0, 0, 1)

    /// A fleet whose machine 1 has the loopback address and has fetched everything.
    private func fetched(_ health: Health?) async throws -> (FleetFixture, BootInstructions) {
        let fixture = try await FleetFixture.make()
        try fixture.image("web")
        try await fixture.profile("web", health: health)
        try await fixture.machine(1)
        fixture.network[loopback] = mac(1)
        let boot = try #require(await fixture.fleet.ask(MachineIdentity(mac: mac(1)), from: loopback).boot)
        fixture.fetch(boot, number: 1, from: loopback)
        if boot.hasSegment,
            case .segment(let bytes) = await fixture.fleet.call(.segment, of: boot.boot, from: loopback)
        {
            let count = UInt64(bytes.count)
            fixture.send(.call(boot.boot, .segment), boot: boot.boot, to: loopback, 0..<count, of: count)
        }
        return (fixture, boot)
    }

    private func look(_ fixture: FleetFixture, after delay: Duration) async {
        let prober = HealthProber()
        await fixture.fleet.checkHealth(prober, now: .now() + delay)
        await prober.shutdown()
    }

    @Test("An answer of 200 to 399 is health, any other is none", arguments: [(200, true), (302, true), (503, false)])
    func http(_ status: Int, isHealth: Bool) async throws {
        let listener = try await Listener(answering: HTTPResponseStatus(statusCode: status))
        let (fixture, boot) = try await fetched(.http(HTTPProbe(port: listener.port, path: "/healthz")))
        await look(fixture, after: .seconds(6))
        #expect((fixture.fleet.standing(of: "n1")?.state.lastGood == boot.image) == isHealth)
        let said = isHealth ? nil : "status 503"
        #expect(fixture.fleet.authority.book.probation(of: "n1")?.complaint == said)
        try await listener.close()
    }

    @Test("A port that accepts is health")
    func tcp() async throws {
        let listener = try await Listener(answering: nil)
        let (fixture, boot) = try await fetched(.tcp(port: listener.port))
        await look(fixture, after: .seconds(6))
        #expect(fixture.fleet.standing(of: "n1")?.state.lastGood == boot.image)
        try await listener.close()
    }

    @Test("A machine that does not answer yet is asked again, and no passing of time makes it healthy")
    func later() async throws {
        let reserved = try await Listener(answering: nil)
        let port = reserved.port
        try await reserved.close()
        let (fixture, boot) = try await fetched(.tcp(port: port))
        await look(fixture, after: .seconds(6))
        await look(fixture, after: .seconds(3600))
        #expect(fixture.fleet.standing(of: "n1")?.state.lastGood == nil)
        #expect(fixture.fleet.standing(of: "n1")?.state.phase == .probation)
        let why = try await fixture.fleet.explain("n1").probation
        #expect(
            why?.hasSuffix("TCP port \(port); when it was last asked: Connection refused") == true,
            "\(why ?? "")"
        )
        let again = fixture.fleet.authority.book.healthDue(.now() + .seconds(3606))
        #expect(again.map(\.boot) == [boot.boot])
        #expect(fixture.fleet.standing(of: "n1")?.state.phase == .probation)
    }

    @Test("A profile that waits for the agent has fetched boots, no healthy ones, and spends its tries")
    func agent() async throws {
        let (fixture, boot) = try await fetched(.agent)
        await look(fixture, after: .seconds(86_400))
        #expect(try await fixture.boots(1).first?.state == .fetched)
        let state = try #require(fixture.fleet.standing(of: "n1")?.state)
        #expect(state.lastGood == nil && state.phase == .probation && state.triesLeft == 1)
        let why = try await fixture.fleet.explain("n1")
        #expect(why.probation?.contains("waits for the agent's report") == true)
        fixture.discover(1)
        #expect(try await fixture.boots(1).first?.state == .failed)
        #expect(try await fixture.fleet.explain("n1").probation == nil)
        #expect(fixture.fleet.standing(of: "n1")?.state.assigned == boot.image)
    }

    @Test("A restart asks machines that were being asked")
    func restart() async throws {
        let listener = try await Listener(answering: nil)
        let (fixture, boot) = try await fetched(.tcp(port: listener.port))
        try await fixture.flush()
        await fixture.fleet.keepSnapshot()
        let again = try await fixture.restarted()
        let due = again.authority.book.healthDue(.now() + .seconds(6))
        #expect(due.map(\.boot) == [boot.boot] && due.first?.check == .tcp(port: listener.port))
        again.ledger.close()
        try await listener.close()
    }
}
