import NIOCore
import NIOHTTP1
import Vocabulary

/// What a request gets.
extension HTTPConnection {
    func begin(_ request: Arrived, _ exchange: Exchange, _ context: ChannelHandlerContext) {
        let head = request.head
        guard Self.namesHost(head) else {
            send(.badRequest, exchange, context)
            return
        }
        let target = RequestTarget(head.uri)
        let name = target.flatMap { ResourceName(components: $0.components) }
        var exchange = exchange
        exchange.route = HTTPCounters.Route(name)
        if let target, case .call(let boot, let kind)? = name {
            beginCall(kind, of: boot, target, request, exchange, context)
            return
        }
        guard head.method == .GET || head.method == .HEAD else {
            send(.methodNotAllowed, exchange, context)
            return
        }
        guard let target, let name else {
            send(.notFound, exchange, context)
            return
        }
        switch name {
        case .health:
            send(state: Self.healthy, exchange, context)
        case .ipxeScript(let mac):
            beginScript(.ipxe, BootIdentityQuery(target, mac: mac), exchange, context)
        case .grubConfiguration(let mac):
            beginScript(.grub, BootIdentityQuery(target, mac: mac), exchange, context)
        case .metadata(let item):
            send(metadata: plane.authority.metadata(item, for: peer), exchange, context)
        case .loader, .image, .blob, .boot, .call:
            beginContent(name, target, Preconditions(head.headers), exchange, context)
        }
    }

    /// RFC 9112 §3.2: one `Host`, whatever it says, from HTTP/1.1 on. EDK2, iPXE, GRUB and U-Boot send it, or are 1.0.
    private static func namesHost(_ head: HTTPRequestHead) -> Bool {
        let count = head.headers.count { $0.name.utf8.count == 4 && $0.name.lowercased() == "host" }
        return count == 1 || count == 0 && (head.version.major, head.version.minor) < (1, 1)
    }

    private static let healthy = Array(#"{"status":"ok"}"#.utf8) + [UInt8(ascii: "\n")]

    /// A machine always gets a script, never an error: firmware that meets a 404 is stranded.
    private func beginScript(
        _ dialect: BootRequest.Dialect,
        _ query: BootIdentityQuery,
        _ exchange: Exchange,
        _ context: ChannelHandlerContext
    ) {
        plane.counters.countScript()
        let request = BootRequest(
            identity: query.identity,
            peer: peer,
            server: server,
            dialect: dialect,
            platform: query.platform,
            isSecure: isSecure,
            isDry: exchange.isHead
        )
        guard query.isPresent else {
            send(script: plane.renderer.start(for: request), exchange, context)
            return
        }
        let reply = awaitAnswer(exchange, context) { connection, answer, context in
            let script = connection.plane.script(answer, for: request, now: .now())
            connection.send(script: script, connection.answering, context)
        }
        plane.authority.answer(request, reply: reply)
    }

    /// Waits for the authority's answer, unless it comes too late.
    ///
    /// - Parameter longer: how much longer than usual it may take.
    /// - Returns: what the authority is to call.
    func awaitAnswer<Answer: Sendable>(
        _ exchange: Exchange,
        _ context: ChannelHandlerContext,
        longer: Duration = .zero,
        _ received: @escaping @Sendable (HTTPConnection, Answer, ChannelHandlerContext) -> Void
    ) -> @Sendable (Answer) -> Void {
        enter(.answering)
        answering = exchange
        extraWait = TimeAmount(longer)
        generation &+= 1
        let expected = generation
        let eventLoop = context.eventLoop
        let connection = NIOLoopBound(self, eventLoop: eventLoop)
        @Sendable func take(_ answer: Answer) {
            let connection = connection.value
            guard let context = connection.context, connection.state == .answering, connection.generation == expected
            else { return }
            received(connection, answer, context)
        }
        return { answer in
            // An authority that answers from memory does so on this very thread: no hop then.
            if eventLoop.inEventLoop { take(answer) } else { eventLoop.execute { take(answer) } }
        }
    }

    private func beginContent(
        _ name: ResourceName,
        _ target: RequestTarget,
        _ preconditions: Preconditions,
        _ exchange: Exchange,
        _ context: ChannelHandlerContext
    ) {
        guard let content = plane.authority.content(name) else {
            send(.notFound, exchange, context)
            return
        }
        plane.counters.countResource()
        let tag = content.digest.map { "\"\($0.hex)\"" }
        var head = ResponseHead(
            status: .ok,
            mediaType: content.mediaType,
            length: content.length,
            caching: content.isImmutable ? .forever : .revalidate,
            entityTag: tag,
            acceptsRanges: true
        )
        switch preconditions.outcome(tag: tag, length: content.length) {
        case .failed:
            send(.preconditionFailed, exchange, context)
        case .notModified:
            head.status = .notModified
            head.length = nil
            send(head, body: [], exchange, context)
        case .proceed(.part(let range)) where !exchange.isHead:
            head.status = .partialContent
            head.length = UInt64(range.count)
            head.contentRange = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(content.length)"
            send(content, range, of: name, boot(of: name, target), head, exchange, context)
        case .proceed(.unsatisfiable) where !exchange.isHead:
            send(.rangeNotSatisfiable, contentRange: "bytes */\(content.length)", exchange, context)
        case .proceed:
            // A range means nothing to HEAD (RFC 9110 §14.2).
            send(content, 0..<content.length, of: name, boot(of: name, target), head, exchange, context)
        }
    }

    /// The boot that fetches the resource, as its URL says.
    private func boot(of name: ResourceName, _ target: RequestTarget) -> BootID? {
        if case .boot(let boot, _) = name { return boot }
        return target.text(of: "boot").flatMap { BootID($0) }
    }
}
