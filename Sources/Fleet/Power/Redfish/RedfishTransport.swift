import Crypto
import Inventory
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization
import Vocabulary

/// One request over one connection, which ends with it: many controllers drop those that are kept. The certificate is
/// judged in the handshake, before anything is said.
struct RedfishTransport: Sendable {
    /// Bytes of an answer at most.
    static let mostBody = 4 << 20

    let redfish: BMC.Redfish
    let connect: Duration
    let judge: CertificateJudge

    /// What is asked for by a client that does not end at a default: contexts are costly.
    private static let context = Result {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .noHostnameVerification
        configuration.applicationProtocols = ["http/1.1"]
        return try NIOSSLContext(configuration: configuration)
    }

    /// - Parameter read: for the whole answer, the handshake included.
    /// - Throws: `PowerFailure`; `isUnreachable` when there was no answer. `CancellationError`.
    func send(_ request: RedfishRequest, read: Duration, evenIfCancelled: Bool = false) async throws -> RedfishReply {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let promise = loop.makePromise(of: RedfishReply.self)
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(connect))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if redfish.isSecure { try pipeline.addHandler(security()) }
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(NIOHTTPClientResponseAggregator(maxContentLength: Self.mostBody))
                    try pipeline.addHandler(Exchange(head: head(of: request), body: request.body, promise: promise))
                }
            }
        let channel: any Channel
        do {
            if let address = try? SocketAddress(ipAddress: redfish.host, port: redfish.port) {
                channel = try await bootstrap.connect(to: address).get()
            } else {
                channel = try await bootstrap.connect(host: redfish.host, port: redfish.port).get()
            }
        } catch {
            let failure = unreachable("cannot connect to", Self.words(error))
            promise.fail(failure)
            throw failure
        }
        let timeout = loop.scheduleTask(in: TimeAmount(read)) {
            promise.fail(unreachable("no answer from", "within \(read.words)"))
        }
        defer {
            timeout.cancel()
            channel.close(promise: nil)
        }
        do {
            return try await withTaskCancellationHandler {
                try await promise.futureResult.get()
            } onCancel: {
                if !evenIfCancelled { promise.fail(CancellationError()) }
            }
        } catch let failure as PowerFailure {
            throw failure
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            if let refusal = judge.refusal { throw PowerFailure(refusal) }
            throw unreachable("no answer from", Self.words(error))
        }
    }

    private func unreachable(_ what: String, _ why: String) -> PowerFailure {
        PowerFailure("\(what) \(redfish.host):\(redfish.port): \(why)", isUnreachable: true)
    }

    private func security() throws -> NIOSSLClientHandler {
        let isName = redfish.host.utf8.contains { !(0x30...0x39 ~= $0) && $0 != 0x2e } && !redfish.host.contains(":")
        return try NIOSSLClientHandler(
            context: Self.context.get(),
            serverHostname: isName ? redfish.host : nil,
            customVerificationCallback: { [judge] certificates, promise in
                guard let encoded = try? certificates.first?.toDERBytes(),
                    let digest = Digest(octets: Array(SHA256.hash(data: encoded)))
                else { return promise.succeed(.failed) }
                promise.succeed(judge.believes(digest) ? .certificateVerified : .failed)
            }
        )
    }

    /// No Accept-Encoding: compression makes tags weak, and some refuse `identity`.
    private func head(of request: RedfishRequest) -> HTTPRequestHead {
        var headers = HTTPHeaders()
        let host = redfish.host.contains(":") ? "[\(redfish.host)]" : redfish.host
        let isStandard = redfish.port == (redfish.isSecure ? 443 : 80)
        headers.add(name: "Host", value: isStandard ? host : "\(host):\(redfish.port)")
        headers.add(name: "Accept", value: "application/json")
        headers.add(name: "OData-Version", value: "4.0")
        headers.add(name: "Connection", value: "close")
        for (name, value) in request.headers { headers.add(name: name, value: value) }
        if let body = request.body {
            headers.add(name: "Content-Type", value: "application/json")
            headers.add(name: "Content-Length", value: "\(body.json.utf8.count)")
        } else if request.method == .post {
            headers.add(name: "Content-Length", value: "0")
        }
        let method = HTTPMethod(rawValue: request.method.rawValue)
        return HTTPRequestHead(version: .http1_1, method: method, uri: request.path, headers: headers)
    }

    private static func words(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let first = error.connectionErrors.first { return words(first.error) }
            return error.dnsAError != nil || error.dnsAAAAError != nil ? "its name has no address" : "\(error)"
        case ChannelError.connectTimeout(let time): return "no connection within \(time.nanoseconds / 1_000_000) ms"
        case let error as IOError:
            return String(cString: strerror(error.errnoCode))
        case NIOSSLError.handshakeFailed: return "TLS cannot be agreed on"
        default: return "\(error)"
        }
    }
}

/// Says one thing and hears one answer. Bound to its event loop.
private final class Exchange: ChannelInboundHandler {
    typealias InboundIn = NIOHTTPClientResponseFull
    typealias OutboundOut = HTTPClientRequestPart

    private let head: HTTPRequestHead
    private let body: JSONValue?
    private let promise: EventLoopPromise<RedfishReply>

    init(head: HTTPRequestHead, body: JSONValue?, promise: EventLoopPromise<RedfishReply>) {
        self.head = head
        self.body = body
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if let body { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body.json)))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let response = unwrapInboundIn(data)
        var headers: [String: String] = [:]
        for (name, value) in response.head.headers { headers[name.lowercased()] = value }
        let text = response.body.map { String(buffer: $0) } ?? ""
        promise.succeed(RedfishReply(status: Int(response.head.status.code), headers: headers, text: text))
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(ChannelError.eof)
        context.fireChannelInactive()
    }
}
