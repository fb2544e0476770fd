import NIOCore
import NIOHTTP1
import Vocabulary

/// How answers leave.
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

    /// An answer whose bytes stay where they are until the client takes them.
    func send(
        _ content: Content,
        _ range: Range<UInt64>,
        of name: ResourceName,
        _ boot: BootID?,
        _ head: ResponseHead,
        _ exchange: Exchange,
        _ context: ChannelHandlerContext
    ) {
        guard !exchange.isHead, !range.isEmpty else {
            send(head, body: [], exchange, context)
            return
        }
        let buffer = headBuffer(head, exchange, capacity: 512, context)
        enter(.sending)
        plane.counters.transferBegan()
        transfer = ContentTransfer(
            cursor: ContentCursor(content, range: range),
            name: name,
            boot: boot,
            range: range,
            total: content.length,
            endsConnection: exchange.connection == .close
        )
        // The head leaves with the first part's flush.
        context.write(wrapOutboundOut(.byteBuffer(buffer)), promise: nil)
        sendNextPart(context)
    }

    private func sendNextPart(_ context: ChannelHandlerContext) {
        guard let part = transfer?.cursor.next(limit: isSecure ? limits.copyBytes : limits.sendfileBytes) else {
            endTransfer(nil, context)
            return
        }
        let promise = context.eventLoop.makePromise(of: Void.self)
        let handle = write(part, promise, context)
        promise.futureResult.assumeIsolated().whenComplete { result in
            handle?.giveBack()
            // Always by way of the event loop: a fast client would otherwise deepen the stack with every part, and
            // keep the loop from its other clients.
            context.eventLoop.assumeIsolated().execute { self.partLeft(part.count, result) }
        }
    }

    /// Over plain TCP the kernel takes the bytes from the file. Under TLS they must pass through memory: a file
    /// region in such a pipeline ends the process.
    private func write(
        _ part: Content.Piece,
        _ promise: EventLoopPromise<Void>,
        _ context: ChannelHandlerContext
    ) -> BorrowedFileHandle? {
        switch part {
        case .bytes(let bytes):
            context.writeAndFlush(wrapOutboundOut(.byteBuffer(ByteBuffer(bytes: bytes))), promise: promise)
        case .file(let file, let range) where isSecure:
            do {
                let buffer = try file.read(range, allocator: context.channel.allocator)
                context.writeAndFlush(wrapOutboundOut(.byteBuffer(buffer)), promise: promise)
            } catch {
                promise.fail(error)
            }
        case .file(let file, let range):
            let handle = BorrowedFileHandle(file)
            context.writeAndFlush(wrapOutboundOut(.fileRegion(handle.region(range))), promise: promise)
            return handle
        }
        return nil
    }

    private func partLeft(_ count: UInt64, _ result: Result<Void, any Error>) {
        guard let context, transfer != nil else {
            endTransfer(ChannelError.ioOnClosedChannel, context)
            return
        }
        switch result {
        case .success:
            transfer?.sent += count
            since = .now()
            sendNextPart(context)
        case .failure(let error):
            endTransfer(error, context)
        }
    }

    /// - Parameter error: What ended the transfer early; nil when all of it has left.
    private func endTransfer(_ error: (any Error)?, _ context: ChannelHandlerContext?) {
        guard let ended = transfer else { return }
        transfer = nil
        plane.counters.transferEnded(bytes: ended.sent, isWhole: error == nil)
        plane.authority.observe(.transferred(ended.observation(peer: peer)))
        guard let context else { return }
        if error != nil {
            context.close(promise: nil)
        } else if ended.endsConnection {
            endOutput(.success(()))
        } else {
            finish(context)
        }
    }

    /// The last answer has left. The client is given time to read it: closing at once, with bytes of the client
    /// unread, would make the kernel reset the connection and throw the answer away.
    private func endOutput(_ result: Result<Void, any Error>) {
        guard let context else { return }
        guard case .success = result, !isSecure, !isLast else {
            context.close(promise: nil)
            return
        }
        enter(.closing)
        context.close(mode: .output, promise: nil)
        context.read()
    }

    private func headBuffer(
        _ head: ResponseHead,
        _ exchange: Exchange,
        capacity: Int,
        _ context: ChannelHandlerContext
    ) -> ByteBuffer {
        var buffer = context.channel.allocator.buffer(capacity: capacity)
        head.write(exchange.connection, date: loop.currentDate(), to: &buffer)
        return buffer
    }
}
