import NIOCore
import NIOHTTP1
import Vocabulary

/// One connection of the boot plane: requests one after the other, each answered whole before the next is looked at.
///
/// The state belongs to the channel's event loop. Once a further request has begun to come while an answer is under way,
/// nothing more is read, so that what waits in memory for one connection is at most two reads' worth of requests, one
/// answer's head and one part of a body. A client that asks one thing after the other is read from all the time: to take
/// the socket out of the poll and put it back costs two system calls an answer.
final class HTTPConnection: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    enum State {
        /// For a request, or for the rest of one.
        case waiting
        /// For the authority. Leaves for `sending` by its answer, or by a timeout.
        case answering
        /// For the client to take what was written. Leaves for `waiting`, `closing`, or the connection's end.
        case sending
        /// The last answer has left: what still comes is dropped until the client closes.
        case closing
    }

    /// A request that has come whole.
    struct Arrived {
        var head: HTTPRequestHead
        /// What was sent with POST; other bodies are dropped.
        var body: [UInt8] = []
    }

    /// What the answer must know of its request.
    struct Exchange {
        /// No body leaves, but the head is the same.
        var isHead: Bool
        var connection: ResponseHead.Connection
        var method: HTTPCounters.Method = .other
        var route: HTTPCounters.Route = .other
        var began = NIODeadline.now()
    }

    let plane: HTTPBootPlane
    let loop: HTTPLoop
    let isSecure: Bool
    var state = State.waiting
    /// When `state` was entered or last made progress.
    var since = NIODeadline.now()
    /// What the authority's answer is for, while `state` is `answering`.
    var answering = Exchange(isHead: false, connection: .close)
    /// How much longer than usual the authority may take, while `state` is `answering`.
    var extraWait = TimeAmount.zero
    /// Tells an answer of the authority that came too late from the one that is waited for.
    var generation = 0
    var context: ChannelHandlerContext?
    var peer = IPv4Address.any
    var server = Endpoint(address: .any, port: 0)
    /// The transfer whose parts are being sent, if `state` is `sending` for one.
    var transfer: ContentTransfer?
    /// True once the last bytes of the last answer are on their way.
    var isClosingAfterFlush = false

    private var arriving: Arrived?
    private var arrivedBodyBytes = 0
    private var arrived: CircularBuffer<Arrived> = CircularBuffer(initialCapacity: 2)
    private var isServing = false
    private var isReadHeld = false
    /// No further request is taken: the client's side is closed, or the server is stopping.
    private(set) var isLast = false

    init(plane: HTTPBootPlane, loop: HTTPLoop, isSecure: Bool) {
        self.plane = plane
        self.loop = loop
        self.isSecure = isSecure
    }

    var limits: HTTPBootService.Configuration.Limits { plane.configuration.limits }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        peer = Self.endpoint(context.channel.remoteAddress).address
        server = Self.endpoint(context.channel.localAddress)
        since = .now()
        loop.add(self)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        loop.remove(self)
        self.context = nil
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard state != .closing else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            arriving = Arrived(head: head)
            arrivedBodyBytes = 0
        case .body(let bytes):
            arrivedBodyBytes += bytes.readableBytes
            guard let head = arriving?.head else { return }
            if arrivedBodyBytes > (head.method == .POST ? min(limits.reportBytes, limits.bodyBytes) : limits.bodyBytes)
            {
                arriving = nil
                refuse(.contentTooLarge, context)
            } else if head.method == .POST {
                arriving?.body += bytes.readableBytesView
            }
        case .end:
            guard let request = arriving else { return }
            arriving = nil
            arrived.append(request)
            serve(context)
        }
    }

    func read(context: ChannelHandlerContext) {
        if state == .waiting || state == .closing || arrived.isEmpty && arriving == nil {
            context.read()
        } else {
            isReadHeld = true
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, state == .sending, transfer == nil, !isClosingAfterFlush { finish(context) }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed, is ConnectionRegistry.Quiesce:
            isLast = true
            // Who waits for an order that may never come would hold up a server that stops.
            let isIdle = state == .waiting || state == .answering && extraWait > .zero && !(event is ChannelEvent)
            let hasNothingToDo = isIdle && arrived.isEmpty
            if hasNothingToDo || state == .closing && event is ChannelEvent { context.close(promise: nil) }
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else {
            context.close(promise: nil)
            return
        }
        refuse(error == .headerOverflow ? .fieldsTooLarge : .badRequest, context)
    }

    /// Answers what has arrived, as long as answers leave at once.
    private func serve(_ context: ChannelHandlerContext) {
        guard !isServing else { return }
        isServing = true
        defer { isServing = false }
        while state == .waiting, let request = arrived.popFirst() {
            let head = request.head
            let isPersistent = head.isKeepAlive && !(isLast && arrived.isEmpty)
            let persistent: ResponseHead.Connection = head.version == .http1_0 ? .keepAlive : .persistent
            let exchange = Exchange(
                isHead: head.method == .HEAD,
                connection: isPersistent ? persistent : .close,
                method: HTTPCounters.Method(head.method)
            )
            begin(request, exchange, context)
        }
    }

    /// The answer has left, and the connection stays: the next request.
    func finish(_ context: ChannelHandlerContext) {
        enter(.waiting)
        serve(context)
        guard state == .waiting, !isServing else { return }
        if isLast {
            context.close(promise: nil)
        } else if isReadHeld {
            isReadHeld = false
            context.read()
        }
    }

    func enter(_ state: State) {
        self.state = state
        since = .now()
    }

    /// Says why nothing more is taken from this client, unless an answer is under way, and ends the connection.
    private func refuse(_ problem: Problem, _ context: ChannelHandlerContext) {
        arrived.removeAll()
        guard state == .waiting else {
            isLast = true
            return
        }
        send(problem, Exchange(isHead: false, connection: .close), context)
    }

    private static func endpoint(_ address: NIOCore.SocketAddress?) -> Endpoint {
        guard case .v4(let address) = address else { return Endpoint(address: .any, port: 0) }
        return Endpoint(
            address: IPv4Address(rawValue: UInt32(bigEndian: address.address.sin_addr.s_addr)),
            port: UInt16(bigEndian: address.address.sin_port)
        )
    }
}
