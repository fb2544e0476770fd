import NIOCore
import Vocabulary

/// A connection too many: it is told when to come again (iPXE waits for as long as `Retry-After` says) and closed.
/// Under TLS it is only closed: a handshake would cost what is to be saved.
final class RefusedConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let plane: HTTPBootPlane
    private let isSecure: Bool
    private var isAnswered = false

    init(plane: HTTPBootPlane, isSecure: Bool) {
        self.plane = plane
        self.isSecure = isSecure
    }

    func channelActive(context: ChannelHandlerContext) {
        if isSecure {
            context.close(promise: nil)
            return
        }
        // Who says nothing is not waited for.
        context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(2)) { context.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isAnswered else { return }
        isAnswered = true
        let problem = Problem.unavailable
        plane.counters.countProblem(problem.status)
        let head = problem.head(retryAfter: plane.configuration.limits.retryAfter)
        var date = HTTPDate()
        date.update(Moment.now().wall)
        var buffer = context.channel.allocator.buffer(capacity: 512)
        head.write(.close, date: date.bytes, to: &buffer)
        buffer.writeBytes(problem.body)
        context.writeAndFlush(wrapOutboundOut(buffer)).assumeIsolated().whenComplete { _ in
            context.close(mode: .output, promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { context.close(promise: nil) }
    }
}
