import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// What a machine's agent talks to: takes reports and parts of logs, answers what it asks about orders, and serves files.
final class ReportListener: Sendable {
    struct Report: Hashable, Sendable {
        var path: String
        var authorization: String
        var body: String

        private var members: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]) ?? [:]
        }
        /// The id of the boot that it is of.
        var boot: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
        var state: String { members["state"] as? String ?? "" }
        var reason: String { members["reason"] as? String ?? "" }
        var facts: [String: Any] { members["facts"] as? [String: Any] ?? [:] }
    }

    /// `POST /boots/<id>/logs?request=n&part=k&outcome=…`
    struct LogPart: Hashable, Sendable {
        var request: Int
        var number: Int
        var outcome: String
        var text: String
    }

    /// What the machine has said so far.
    struct Heard: Sendable {
        var reports: [Report] = []
        var parts: [LogPart] = []

        /// States of a boot, but for those that say that nothing has changed.
        func states(of boot: String) -> [String] {
            reports.filter { $0.boot == boot }.map(\.state).filter { $0 != "alive" }
        }

        func text(of request: Int) -> String { parts.filter { $0.request == request }.map(\.text).joined() }
        func outcome(of request: Int) -> String? { parts.last { $0.request == request }?.outcome }
    }

    /// What a boot of the machine is told now: `{"order": …}`; nil while there is nothing.
    typealias Orders = @Sendable (Heard, _ boot: String) -> String?

    private let channel: any Channel
    private let relay: Relay
    let port: Int

    /// - Parameters:
    ///   - files: what is served, by paths.
    ///   - parts: of each log, how many are wanted before one that is told that nobody waits any more.
    ///   - orders: is asked whenever the machine asks, and while it waits.
    init(files: [String: Data] = [:], parts: Int = 100, orders: @escaping Orders) async throws {
        let relay = Relay(files: files.mapValues { ByteBuffer(data: $0) }, parts: parts, orders: orders)
        self.relay = relay
        channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(relay: relay))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    /// - Parameter lastState: of the report after which the machine is ordered to switch itself off.
    convenience init(until lastState: String) async throws {
        try await self.init { heard, _ in
            heard.reports.contains { $0.state == lastState } ? #"{"order": "poweroff", "id": 7}"# : nil
        }
    }

    var heard: Heard { relay.heard.withLock { $0 } }
    var reports: [Report] { heard.reports }

    func stop() async throws { try await channel.close() }

    private final class Relay: Sendable {
        let heard = Mutex(Heard())
        let files: [String: ByteBuffer]
        let parts: Int
        let orders: Orders

        init(files: [String: ByteBuffer], parts: Int, orders: @escaping Orders) {
            self.files = files
            self.parts = parts
            self.orders = orders
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let relay: Relay
        private var head: HTTPRequestHead?
        private var body = ""

        init(relay: Relay) { self.relay = relay }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body = ""
            case .body(let bytes): body += String(buffer: bytes)
            case .end:
                guard let head, let url = URLComponents(string: head.uri) else { return }
                answer(head, url, context)
            }
        }

        private func answer(_ head: HTTPRequestHead, _ url: URLComponents, _ context: ChannelHandlerContext) {
            if let file = relay.files[url.path] {
                send(.ok, file, context)
            } else if url.path.hasSuffix("/orders") {
                let boot = url.path.split(separator: "/").dropFirst().first.map(String.init) ?? ""
                answerOrders(of: boot, looks: url.query?.contains("wait=") == true ? 200 : 0, context)
            } else if url.path.hasSuffix("/logs") {
                send(take(part: url) ? .noContent : .notFound, nil, context)
            } else {
                let token = head.headers.first(name: "Authorization") ?? ""
                relay.heard.withLock { $0.reports.append(Report(path: url.path, authorization: token, body: body)) }
                send(.noContent, nil, context)
            }
        }

        /// - Returns: whether it was wanted.
        private func take(part url: URLComponents) -> Bool {
            var values: [String: String] = [:]
            for item in url.queryItems ?? [] { values[item.name] = item.value }
            let part = LogPart(
                request: Int(values["request"] ?? "") ?? -1,
                number: Int(values["part"] ?? "") ?? -1,
                outcome: values["outcome"] ?? "",
                text: body
            )
            relay.heard.withLock { $0.parts.append(part) }
            return part.number < relay.parts
        }

        /// Waits for something to say, as the real server does, by looks 50 ms apart.
        private func answerOrders(of boot: String, looks: Int, _ context: ChannelHandlerContext) {
            guard context.channel.isActive else { return }
            let orders = relay.orders(relay.heard.withLock { $0 }, boot)
            if orders != nil || looks == 0 {
                send(.ok, ByteBuffer(string: orders ?? #"{"order": "none", "id": 0}"#), context)
            } else {
                let context = NIOLoopBound(context, eventLoop: context.eventLoop)
                let handler = NIOLoopBound(self, eventLoop: context.value.eventLoop)
                context.value.eventLoop.scheduleTask(in: .milliseconds(50)) {
                    handler.value.answerOrders(of: boot, looks: looks - 1, context.value)
                }
            }
        }

        private func send(_ status: HTTPResponseStatus, _ body: ByteBuffer?, _ context: ChannelHandlerContext) {
            var headers = HTTPHeaders()
            if let body { headers.add(name: "Content-Length", value: "\(body.readableBytes)") }
            let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            if let body { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
