import CInit

/// Fetches a root into a file by HTTP, digested on the way.
final class RootFetch {
    private let root: RootDescription
    private let sources: [HTTPAddress]
    private let file: String
    private let loop: EventLoop
    private let console: Console
    private let done: (String?) -> Void

    private var life: FetchLife
    private var hash = SHA256()
    private var output: Int32 = -1
    private var connection: Int32 = -1
    private var request: [UInt8] = []
    private var head: [UInt8]? = []
    private var toSkip: UInt64 = 0
    private var timer: EventLoop.Timer?
    private var lastByte: Int64 = 0
    private var lastShown: (time: Int64, offset: UInt64) = (0, 0)
    private let begun: Int64
    private var buffer = [UInt8](repeating: 0, count: 256 << 10)

    /// In milliseconds: without a byte, after which a source is left; and between two lines about how far it is.
    private static let patience: Int64 = 20_000
    private static let showing: Int64 = 5_000

    /// - Parameters:
    ///   - sources: in the order in which they are asked.
    ///   - done: called once, with nil or why there is no root; never before this returns.
    init(
        _ root: RootDescription,
        from sources: [HTTPAddress],
        to file: String,
        loop: EventLoop,
        console: Console,
        done: @escaping (String?) -> Void
    ) {
        self.root = root
        self.sources = sources
        self.file = file
        self.loop = loop
        self.console = console
        self.done = done
        life = FetchLife(size: root.size, sources: sources.count)
        begun = loop.now
        lastShown = (begun, 0)
        loop.after(0) { [self] in perform(life.begin()) }
    }

    private func perform(_ step: FetchLife.Step) {
        switch step {
        case .ask(let source, let offset): ask(sources[source], from: offset)
        case .wait(let pause):
            console.say("the root is asked for again in \(pause / 1000) s")
            loop.after(pause) { [self] in perform(life.resume()) }
        case .whole:
            let isRight = hash.finish().hexadecimal == root.digest
            if !isRight { console.say("what was fetched is not the root: its digest is another one") }
            perform(life.verified(isRight))
        case .done: finish(nil)
        case .failed(let reason): finish(reason)
        }
    }

    private func finish(_ reason: String?) {
        if output >= 0 { sys_close(output) }
        output = -1
        if reason == nil {
            let seconds = max(1, loop.now - begun)
            let rate = (root.size * 1000 / UInt64(seconds)) >> 20
            console.say("the root is here: \(root.size >> 20) MiB in \(seconds / 1000) s, \(rate) MiB/s")
        }
        done(reason)
    }

    // MARK: One source

    private func ask(_ source: HTTPAddress, from offset: UInt64) {
        if offset == 0 {
            if output >= 0 { sys_close(output) }
            output = sys_open(file, UInt32(SYS_OPEN_WRITE | SYS_OPEN_CREATE))
            guard output >= 0 else { return finish(InitError("write \(file)", code: Int(output)).message) }
            hash = SHA256()
            console.say("fetching the root from \(source.socket.text), \(root.size >> 20) MiB")
        } else {
            console.say("going on at \(offset >> 20) MiB from \(source.socket.text)")
        }
        var text = "GET \(source.path) HTTP/1.1\r\nHost: \(source.socket.text)\r\nUser-Agent: muster-init\r\n"
        if offset > 0 { text += "Range: bytes=\(offset)-\r\n" }
        request = Array("\(text)Connection: close\r\n\r\n".utf8)
        head = []
        lastByte = loop.now
        connection = sys_tcp_connect(source.socket.address, source.socket.port)
        guard connection >= 0 else {
            let error = InitError("connect to \(source.socket.text)", code: Int(connection))
            loop.after(0) { [self] in leave(error.message) }
            return
        }
        loop.watch(connection, .writable) { [self] _ in send(source) }
        watchTime(source)
    }

    private func watchTime(_ source: HTTPAddress) {
        timer = loop.after(1000) { [self] in
            if loop.now - lastByte > Self.patience {
                return leave("\(source.socket.text) has sent nothing for \(Self.patience / 1000) s")
            }
            show()
            watchTime(source)
        }
    }

    private func show() {
        let now = loop.now
        guard now - lastShown.time >= Self.showing, life.offset > lastShown.offset else { return }
        let rate = ((life.offset - lastShown.offset) * 1000 / UInt64(now - lastShown.time)) >> 20
        let percent = life.offset * 100 / root.size
        console.say("root: \(life.offset >> 20) of \(root.size >> 20) MiB (\(percent) %), \(rate) MiB/s")
        lastShown = (now, life.offset)
    }

    private func leave(_ reason: String) {
        loop.cancel(timer)
        if connection >= 0 {
            loop.forget(connection)
            sys_close(connection)
            connection = -1
        }
        if life.offset < root.size { console.say(reason) }
        perform(life.ended(reason))
    }

    private func send(_ source: HTTPAddress) {
        let error = sys_socket_error(connection)
        guard error >= 0 else {
            return leave(InitError("connect to \(source.socket.text)", code: Int(error)).message)
        }
        let count = request.withUnsafeBytes { sys_write(connection, $0.baseAddress!, $0.count) }
        if count == ErrorNumber.again { return }
        guard count > 0 else { return leave(InitError("send to \(source.socket.text)", code: count).message) }
        request.removeFirst(count)
        guard request.isEmpty else { return }
        loop.watch(connection, .readable) { [self] _ in receive(source) }
    }

    private func receive(_ source: HTTPAddress) {
        let count = buffer.withUnsafeMutableBytes { sys_read(connection, $0.baseAddress!, $0.count) }
        if count == ErrorNumber.again { return }
        guard count > 0 else {
            let end = InitError("\(source.socket.text) ended at \(life.offset) of \(root.size) bytes")
            return leave(
                count == 0 ? end.message : InitError("receive from \(source.socket.text)", code: count).message
            )
        }
        lastByte = loop.now
        guard head != nil else { return take(0..<count) }
        head! += buffer[..<count]
        switch RangeAnswer.parse(head!, offset: life.offset, size: root.size) {
        case .needsMore: break
        case .refused(let reason): leave("\(source.socket.text) \(reason)")
        case .answer(let answer):
            let body = head!.count - answer.body
            head = nil
            toSkip = answer.skipped
            // The body's bytes of the head stand at the end of the buffer's.
            take((count - body)..<count)
        }
    }

    /// Writes and digests bytes of the buffer, never more than the root has.
    private func take(_ range: Range<Int>) {
        let skipped = Int(min(toSkip, UInt64(range.count)))
        toSkip -= UInt64(skipped)
        let wanted = min(UInt64(range.count - skipped), root.size - life.offset)
        let part = (range.lowerBound + skipped)..<(range.lowerBound + skipped + Int(wanted))
        let result = buffer.withUnsafeBytes { bytes in
            let part = UnsafeRawBufferPointer(rebasing: bytes[part])
            var written = 0
            while written < part.count {
                let count = sys_write(output, part.baseAddress! + written, part.count - written)
                guard count > 0 else { return count }
                written += count
            }
            hash.update(part)
            return 0
        }
        guard result == 0 else {
            leaveForGood(InitError("write the root", code: result).message)
            return
        }
        if wanted > 0 { life.received(wanted) }
        if life.offset == root.size { leave("") }
    }

    /// Nothing that a source does can help.
    private func leaveForGood(_ reason: String) {
        loop.cancel(timer)
        loop.forget(connection)
        sys_close(connection)
        connection = -1
        finish(reason)
    }
}

extension [UInt8] {
    /// In small digits.
    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] } as [UInt8])
    }
}
