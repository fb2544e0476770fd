import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// What a machine's agent talks to: takes reports, and orders the machine to switch itself off once one of them says so.
final class ReportListener: Sendable {
    struct Report: Hashable, Sendable {
        var path: String
        var authorization: String
        var body: String

        private var members: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]) ?? [:]
        }
        var state: String { members["state"] as? String ?? "" }
        var facts: [String: Any] { members["facts"] as? [String: Any] ?? [:] }
    }

    private let channel: any Channel
    private let relay: Relay
    let port: Int

    /// - Parameter lastState: of the report after which the machine is ordered to switch itself off.
    init(until lastState: String) async throws {
        let relay = Relay(lastState: lastState)
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

    var reports: [Report] { relay.reports.withLock { $0 } }

    func stop() async throws { try await channel.close() }

    private final class Relay: Sendable {
        let reports = Mutex<[Report]>([])
        let lastState: String

        init(lastState: String) { self.lastState = lastState }

        /// What is answered to a question about orders.
        var order: String {
            let isOver = reports.withLock { $0.contains { $0.state == lastState } }
            return isOver ? #"{"order": "poweroff", "id": 7}"# : #"{"order": "none", "id": 0}"#
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
            case .end: answer(context)
            }
        }

        private func answer(_ context: ChannelHandlerContext) {
            guard let head else { return }
            let isReport = head.method == .POST
            let report = Report(
                path: head.uri,
                authorization: head.headers.first(name: "Authorization") ?? "",
                body: body
            )
            if isReport { relay.reports.withLock { $0.append(report) } }
            let text = relay.order
            var headers = HTTPHeaders()
            if !isReport { headers.add(name: "Content-Length", value: "\(text.utf8.count)") }
            let status: HTTPResponseStatus = isReport ? .noContent : .ok
            context.write(
                wrapOutboundOut(.head(.init(version: .http1_1, status: status, headers: headers))),
                promise: nil
            )
            if !isReport { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil) }
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
