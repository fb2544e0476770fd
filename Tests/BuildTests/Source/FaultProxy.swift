import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Stands in front of a registry and does to its answers what networks and tired servers do.
final class FaultProxy: Sendable {
    enum Fault: Sendable {
        case status(UInt, [String: String] = [:])
        /// As many bytes of the body, then the connection is closed.
        case truncated(after: Int)
        /// As many bytes of the body, then silence.
        case stalled(after: Int)
        /// One bit of the body is another.
        case flipped
        /// The body is longer than it should be.
        case longer
        /// The range that was asked for is ignored.
        case rangeless
    }

    struct Request: Sendable {
        var uri: String
        var headers: HTTPHeaders
    }

    /// A fault, and which requests get it.
    struct Rule: Sendable {
        /// What the path contains.
        var path: String
        var fault: Fault
        /// How many requests get it; the rest get through.
        var count: Int = 1
    }

    private let channel: any Channel
    private let client: HTTPClient
    private let upstream: String
    private let rules: Mutex<[Rule]>
    private let log = Mutex<[Request]>([])
    /// Who has to ask `/token` first, as `user:password`; nil for nobody.
    private let tokens: String?

    var address: String { "127.0.0.1:\(channel.localAddress!.port!)" }
    var requests: [Request] { log.withLock { $0 } }

    init(_ upstream: String, rules: [Rule] = [], tokens: String? = nil) async throws {
        self.upstream = upstream
        self.rules = Mutex(rules)
        self.tokens = tokens
        let client = HTTPClient(eventLoopGroupProvider: .singleton)
        self.client = client
        let box = Box()
        channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    let reader = RequestReader { request, channel in
                        guard let proxy = box.proxy.withLock({ $0 }) else { return }
                        Task { await proxy.answer(request, on: channel) }
                    }
                    try channel.pipeline.syncOperations.addHandler(reader)
                }
            }
            .bind(host: "127.0.0.1", port: 0)
            .get()
        box.proxy.withLock { $0 = self }
    }

    func close() async throws {
        try await channel.close()
        try await client.shutdown()
    }

    private final class Box: Sendable {
        let proxy = Mutex<FaultProxy?>(nil)
    }

    private final class RequestReader: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        private var head: HTTPRequestHead?
        private let received: (Request, any Channel) -> Void

        init(_ received: @escaping (Request, any Channel) -> Void) { self.received = received }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): self.head = head
            case .body: break
            case .end:
                if let head { received(Request(uri: head.uri, headers: head.headers), context.channel) }
            }
        }
    }

    private func answer(_ request: Request, on channel: any Channel) async {
        log.withLock { $0.append(request) }
        if let refusal = tokenAnswer(request) { return await write(refusal.0, refusal.1, on: channel) }
        let fault = rules.withLock { rules -> Fault? in
            guard let index = rules.firstIndex(where: { request.uri.contains($0.path) && $0.count > 0 }) else {
                return nil
            }
            rules[index].count -= 1
            return rules[index].fault
        }
        if case .status(let code, let headers) = fault {
            let head = HTTPResponseHead(
                version: .http1_1,
                status: HTTPResponseStatus(statusCode: Int(code)),
                headers: HTTPHeaders(headers.map { ($0, $1) })
            )
            return await write(head, [], on: channel)
        }
        do {
            var forwarded = HTTPClientRequest(url: "http://\(upstream)\(request.uri)")
            forwarded.headers = request.headers
            forwarded.headers.remove(name: "Host")
            if tokens != nil { forwarded.headers.remove(name: "Authorization") }
            if case .rangeless = fault { forwarded.headers.remove(name: "Range") }
            let response = try await client.execute(forwarded, timeout: .seconds(20))
            let body = Array(try await response.body.collect(upTo: 64 << 20).readableBytesView)
            let head = HTTPResponseHead(version: .http1_1, status: response.status, headers: response.headers)
            await write(head, body, fault, on: channel)
        } catch {
            try? await channel.close()
        }
    }

    /// Token authentication: a challenge, the token, or nil for a request that has it.
    private func tokenAnswer(_ request: Request) -> (HTTPResponseHead, [UInt8])? {
        guard let tokens else { return nil }
        func head(_ status: HTTPResponseStatus, _ headers: HTTPHeaders = [:]) -> HTTPResponseHead {
            HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        }
        let authorization = request.headers.first(name: "Authorization")
        if request.uri.hasPrefix("/token") {
            let basic = "Basic " + Data(tokens.utf8).base64EncodedString()
            guard authorization == basic, request.uri.contains("service=test%20service") else {
                return (head(.unauthorized), [])
            }
            return (head(.ok), Array(#"{"token":"good","expires_in":60}"#.utf8))
        }
        guard authorization != "Bearer good" else { return nil }
        let challenge = #"Bearer realm="http://\#(address)/token",service="test service",scope="repository:web:pull""#
        return (head(.unauthorized, ["WWW-Authenticate": challenge]), [])
    }

    private func write(
        _ head: HTTPResponseHead,
        _ body: [UInt8],
        _ fault: Fault? = nil,
        on channel: any Channel
    ) async {
        var (head, body) = (head, body)
        var sent = body.count
        switch fault {
        case .truncated(let count), .stalled(let count): sent = min(count, body.count)
        case .flipped: if !body.isEmpty { body[body.count / 2] ^= 1 }
        case .longer:
            body += [0, 0, 0]
            sent = body.count
        case .rangeless, .status, nil: break
        }
        head.headers.remove(name: "Transfer-Encoding")
        head.headers.replaceOrAdd(name: "Content-Length", value: "\(body.count)")
        do {
            try await channel.writeAndFlush(HTTPServerResponsePart.head(head))
            let buffer = ByteBuffer(bytes: body[..<sent])
            try await channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(buffer)))
            switch fault {
            case .stalled: return
            case .truncated: try await channel.close()
            default: try await channel.writeAndFlush(HTTPServerResponsePart.end(nil))
            }
        } catch {
            // Whoever asked has gone.
        }
    }
}
