import NIOCore
import NIOHTTP1
import Vocabulary

/// How answers that are in memory leave.
extension HTTPConnection {
    func send(script: [UInt8], _ exchange: Exchange, _ context: ChannelHandlerContext) {
        let head = ResponseHead(
            status: .ok,
            mediaType: MediaType.script,
            length: UInt64(script.count),
            caching: .never
        )
        send(head, body: script, exchange, context)
    }

    func send(state body: [UInt8], _ exchange: Exchange, _ context: ChannelHandlerContext) {
        let head = ResponseHead(status: .ok, mediaType: MediaType.json, length: UInt64(body.count), caching: .never)
        send(head, body: body, exchange, context)
    }

    func send(
        _ problem: Problem,
        contentRange: String? = nil,
        retryAfter: Int? = nil,
        _ exchange: Exchange,
        _ context: ChannelHandlerContext
    ) {
        plane.counters.countProblem(problem.status)
        let head = problem.head(contentRange: contentRange, retryAfter: retryAfter ?? limits.retryAfter)
        send(head, body: problem.body, exchange, context)
    }

    /// An answer that is in memory: one buffer, one write.
    func send(_ head: ResponseHead, body: [UInt8], _ exchange: Exchange, _ context: ChannelHandlerContext) {
        var buffer = headBuffer(head, exchange, capacity: 384 + body.count, context)
        if !exchange.isHead { buffer.writeBytes(body) }
        enter(.sending)
        plane.counters.answered(exchange)
        guard exchange.connection == .close else {
            context.writeAndFlush(wrapOutboundOut(.byteBuffer(buffer)), promise: nil)
            // A client that does not read what it asked for gets no further answer, so that nothing piles up.
            if context.channel.isWritable { finish(context) }
            return
        }
        isClosingAfterFlush = true
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(buffer))).assumeIsolated().whenComplete { result in
            self.endOutput(result)
        }
    }

    /// The last answer has left. The client is given time to read it: closing at once, with bytes of the client
    /// unread, would make the kernel reset the connection and throw the answer away.
    func endOutput(_ result: Result<Void, any Error>) {
        guard let context else { return }
        guard case .success = result, !isSecure, !isLast else {
            context.close(promise: nil)
            return
        }
        enter(.closing)
        context.close(mode: .output, promise: nil)
        context.read()
    }

    func headBuffer(
        _ head: ResponseHead,
        _ exchange: Exchange,
        capacity: Int,
        _ context: ChannelHandlerContext
    ) -> ByteBuffer {
        var buffer = context.channel.allocator.buffer(capacity: capacity)
        plane.counters.count(exchange, head.status)
        head.write(exchange.connection, date: loop.currentDate(), to: &buffer)
        return buffer
    }
}
