import Glibc
import NIOCore
import Vocabulary

/// How resources leave: their bytes stay where they are until the client takes them.
extension HTTPConnection {
    /// What NIO sends of a file once the socket has room again, in bytes.
    private static let awaitedBytes: UInt64 = 64 * 1024

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
            endsConnection: exchange.connection == .close,
            exchange: exchange
        )
        if isSecure {
            // Leaves with the first part's flush.
            context.write(wrapOutboundOut(.byteBuffer(buffer)), promise: nil)
            sendNextPart(context)
        } else {
            cork(true, context)
            // What follows goes to the kernel past NIO, which must have nothing left to send before it.
            write(.byteBuffer(buffer), of: 0, context)
        }
    }

    private func sendNextPart(_ context: ChannelHandlerContext) {
        guard let part = transfer?.cursor.part(limit: isSecure ? limits.copyBytes : limits.turnBytes) else {
            endTransfer(nil, context)
            return
        }
        switch part {
        case .bytes(let bytes):
            write(.byteBuffer(ByteBuffer(bytes: bytes)), of: part.count, context)
        case .file(let file, let range) where isSecure:
            // A file region in a pipeline with TLS ends the process.
            do {
                let buffer = try file.read(range, allocator: context.channel.allocator)
                write(.byteBuffer(buffer), of: part.count, context)
            } catch {
                endTransfer(error, context)
            }
        case .file(let file, let range):
            send(file, range, context)
        }
    }

    /// Sends of a file what the client takes at once. What it does not take is left to NIO, which waits for the socket:
    /// only a little of it, since what follows is cheaper through the pipe.
    private func send(_ file: OpenFile, _ range: Range<UInt64>, _ context: ChannelHandlerContext) {
        guard let pipe = loop.filePipe else {
            write(file, range, context)
            return
        }
        do {
            let taken = try context.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: CInt.self) {
                try pipe.send(file, range, to: $0)
            }
            let (count, isFull) = taken ?? (0, true)
            proceed(by: count)
            if isFull {
                let next = range.lowerBound + count
                write(file, next..<min(range.upperBound, next + Self.awaitedBytes), context)
            } else {
                goOn(context)
            }
        } catch {
            loop.giveUpPipe(after: error)
            endTransfer(error, context)
        }
    }

    private func write(_ file: OpenFile, _ range: Range<UInt64>, _ context: ChannelHandlerContext) {
        let handle = BorrowedFileHandle(file)
        write(.fileRegion(handle.region(range)), of: UInt64(range.count), context) { handle.giveBack() }
    }

    /// Sends by way of NIO, which waits for the client where needed, and goes on when that has left.
    private func write(
        _ data: IOData,
        of count: UInt64,
        _ context: ChannelHandlerContext,
        finally: @escaping () -> Void = {}
    ) {
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { result in
            finally()
            // Always by way of the event loop: a fast client would otherwise deepen the stack with every part.
            context.eventLoop.assumeIsolated().execute { self.partLeft(count, result) }
        }
        context.writeAndFlush(wrapOutboundOut(data), promise: promise)
    }

    private func partLeft(_ count: UInt64, _ result: Result<Void, any Error>) {
        guard let context, transfer != nil else {
            endTransfer(ChannelError.ioOnClosedChannel, context)
            return
        }
        switch result {
        case .success:
            proceed(by: count)
            if count == 0 { sendNextPart(context) } else { goOn(context) }
        case .failure(let error):
            endTransfer(error, context)
        }
    }

    /// The next part, after other connections had their turn, unless this was the last.
    private func goOn(_ context: ChannelHandlerContext) {
        if transfer?.cursor.remaining == 0 {
            endTransfer(nil, context)
        } else {
            loop.afterOthers { self.partLeft(0, .success(())) }
        }
    }

    private func proceed(by count: UInt64) {
        transfer?.proceed(by: count)
        since = .now()
    }

    /// - Parameter error: What ended the transfer early; nil when all of it has left.
    private func endTransfer(_ error: (any Error)?, _ context: ChannelHandlerContext?) {
        guard let ended = transfer else { return }
        transfer = nil
        plane.counters.transferEnded(ended.exchange, bytes: ended.sent, isWhole: error == nil)
        plane.authority.observe(.transferred(ended.observation(peer: peer)))
        guard let context else { return }
        guard error == nil else {
            context.close(promise: nil)
            return
        }
        cork(false, context)
        if ended.endsConnection {
            endOutput(.success(()))
        } else {
            finish(context)
        }
    }

    /// While it is on, the kernel sends whole segments only, and the head with the first of them. Without, each of its
    /// pieces of a file ends with a segment of its own: a third more packets, and as many wake-ups of the client.
    private func cork(_ isOn: Bool, _ context: ChannelHandlerContext) {
        guard !isSecure else { return }
        let option = ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: TCP_CORK))
        try? context.channel.syncOptions?.setOption(option, value: isOn ? 1 : 0)
    }
}
