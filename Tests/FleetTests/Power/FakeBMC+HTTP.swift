import Foundation
import Inventory
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

@testable import Fleet

/// A request as the fake sees it, and what it answers.
struct FakeRequest: Sendable {
    var method: String
    var path: String
    /// Names in lower case.
    var headers: [String: String]
    var text: String
    var body: JSONValue? { text.isEmpty ? nil : try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) }
}

struct FakeAnswer: Sendable {
    var status: Int
    var headers: [(String, String)] = []
    var body: JSONValue?
    /// Where there is no `body`.
    var text = ""

    /// DSP0266, "Error responses".
    static func error(_ status: Int, _ id: String, _ message: String) -> FakeAnswer {
        let info: JSONValue = .object(["MessageId": .string(id), "Message": .string(message)])
        let error: JSONValue = .object([
            "code": "Base.1.8.GeneralError", "message": "see ExtendedInfo", "@Message.ExtendedInfo": .array([info]),
        ])
        return FakeAnswer(status: status, body: .object(["error": error]))
    }
}

/// Reads requests of one connection and answers them. Bound to its event loop.
final class FakeHTTPHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// What a request is answered, the `count`th of its connection; nil closes that instead.
    typealias Answering = @Sendable (_ request: FakeRequest, _ count: Int) -> FakeAnswer?

    private let answering: Answering
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()
    private var count = 0

    init(_ answering: @escaping Answering) { self.answering = answering }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var part): body.writeBuffer(&part)
        case .end: answer(context)
        }
    }

    private func answer(_ context: ChannelHandlerContext) {
        guard let head else { return context.close(promise: nil) }
        count += 1
        var headers: [String: String] = [:]
        for (name, value) in head.headers { headers[name.lowercased()] = value }
        let request = FakeRequest(
            method: head.method.rawValue,
            path: head.uri,
            headers: headers,
            text: String(buffer: body)
        )
        guard let answer = answering(request, count) else { return context.close(promise: nil) }
        let bytes = Array((answer.body?.json ?? answer.text).utf8)
        var reply = HTTPHeaders([("Content-Type", "application/json"), ("Content-Length", "\(bytes.count)")])
        for (name, value) in answer.headers { reply.add(name: name, value: value) }
        let status = HTTPResponseStatus(statusCode: answer.status)
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: reply))),
            promise: nil
        )
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// An HTTP server on loopback, and what it was asked.
final class FakeHTTPServer: Sendable {
    let port: Int
    private let channel: any Channel
    private let log: Log

    private final class Log: Sendable { let requests = Mutex<[FakeRequest]>([]) }

    var requests: [FakeRequest] { log.requests.withLock { $0 } }
    var url: String { "http://127.0.0.1:\(port)" }

    init(_ answering: @escaping @Sendable (FakeRequest) -> FakeAnswer?) async throws {
        let log = Log()
        self.log = log
        channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(
                        FakeHTTPHandler { request, _ in
                            log.requests.withLock { $0.append(request) }
                            return answering(request)
                        }
                    )
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    deinit { channel.close(promise: nil) }
}
