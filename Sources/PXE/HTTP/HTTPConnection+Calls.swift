import NIOCore
import NIOHTTP1
import Vocabulary

/// What machines ask under their boot's name: `/boots/<id>/{report,orders,logs,segment}`.
extension HTTPConnection {
    /// The longest time that who asks for orders may be kept waiting for one.
    private static let longestWait = 60

    /// A segment goes out whole, once: HEAD is refused, and ranges and preconditions mean nothing (RFC 9110 §14.2 lets a
    /// server ignore them).
    func beginCall(
        _ kind: MachineCall.Kind,
        of boot: BootID,
        _ target: RequestTarget,
        _ request: Arrived,
        _ exchange: Exchange,
        _ context: ChannelHandlerContext
    ) {
        guard request.head.method == (kind.isSent ? .POST : .GET) else {
            send(kind.isSent ? .onlyPOST : .onlyGET, exchange, context)
            return
        }
        let wait = kind == .orders ? self.wait(target) : .zero
        let call = MachineCall(
            boot: boot,
            kind: kind,
            peer: peer,
            token: Self.bearerToken(request.head.headers),
            body: request.body,
            server: server,
            wait: wait,
            part: kind == .logs ? LogPart(target) : nil
        )
        let reply = awaitAnswer(exchange, context, longer: wait) { connection, answer, context in
            connection.send(answer, to: call, connection.answering, context)
        }
        plane.authority.answer(call, reply: reply)
    }

    /// What `?wait=` asks for. Nobody waits while many connections are open: who boots has to find one.
    private func wait(_ target: RequestTarget) -> Duration {
        guard let seconds = target.text(of: "wait").flatMap({ Int($0) }), seconds > 0,
            plane.counters.openConnections <= limits.connections / 2
        else { return .zero }
        return .seconds(min(seconds, Self.longestWait))
    }

    /// What follows `Bearer` (RFC 6750 §2.1); nil when there is no such field, or more than one.
    private static func bearerToken(_ headers: HTTPHeaders) -> [UInt8]? {
        let fields = headers["Authorization"]
        guard fields.count == 1, let field = fields.first, let blank = field.utf8.firstIndex(of: UInt8(ascii: " ")),
            field[..<blank].lowercased() == "bearer"
        else { return nil }
        let token = Array(field.utf8[blank...].drop { $0 == UInt8(ascii: " ") })
        return token.isEmpty ? nil : token
    }

    private func send(
        _ answer: MachineCallAnswer,
        to call: MachineCall,
        _ exchange: Exchange,
        _ context: ChannelHandlerContext
    ) {
        switch answer {
        case .done:
            let head = ResponseHead(status: .noContent, mediaType: MediaType.json, length: nil, caching: .never)
            send(head, body: [], exchange, context)
        case .state(let body): send(state: body, exchange, context)
        case .segment(let bytes): send(segment: bytes, of: call.boot, exchange, context)
        case .malformed(let why): send(.malformedCall(why), exchange, context)
        case .unauthorized: send(.unauthorized, exchange, context)
        case .forbidden: send(.forbidden, exchange, context)
        case .unwanted: send(.notFound, exchange, context)
        case .closed: send(.bootClosed, exchange, context)
        case .later(let seconds): send(.unavailable, retryAfter: seconds, exchange, context)
        }
    }

    /// What is public of the machine that asks, which differs by who asks.
    func send(metadata content: Content?, _ exchange: Exchange, _ context: ChannelHandlerContext) {
        guard let content, case .bytes(let bytes)? = content.pieces.first else {
            return send(.notFound, exchange, context)
        }
        let head = ResponseHead(status: .ok, mediaType: content.mediaType, length: content.length, caching: .never)
        send(head, body: bytes, exchange, context)
    }

    /// Observed like other resources, so that the boot knows that it has left whole.
    private func send(
        segment bytes: [UInt8],
        of boot: BootID,
        _ exchange: Exchange,
        _ context: ChannelHandlerContext
    ) {
        let content = Content(pieces: [.bytes(bytes)], digest: nil, mediaType: MediaType.octets, isImmutable: false)
        plane.counters.countResource()
        let head = ResponseHead(
            status: .ok,
            mediaType: content.mediaType,
            length: content.length,
            caching: .never
        )
        send(content, 0..<content.length, of: .call(boot, .segment), boot, head, exchange, context)
    }
}
