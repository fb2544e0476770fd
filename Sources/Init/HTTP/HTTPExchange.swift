import CInit

/// One request and its answer, or only a connection, without anybody waiting for it.
final class HTTPExchange {
    enum Result: Equatable {
        case answered(HTTPResponse)
        /// There is somebody; nothing was asked.
        case connected
        case failed(String)

        var failure: String? {
            guard case .failed(let reason) = self else { return nil }
            return reason
        }
    }

    private let loop: EventLoop
    private let peer: String
    private let descriptor: Int32
    private var output: [UInt8]
    private let asksNothing: Bool
    private var input: [UInt8] = []
    private var timer: EventLoop.Timer?
    private let done: (Result) -> Void
    private var isDone = false

    /// - Parameters:
    ///   - request: nil to see only whether anybody is there.
    ///   - timeout: in milliseconds, for everything together.
    ///   - done: called once, never before this returns.
    static func start(
        _ request: HTTPRequest?,
        with address: SocketAddress,
        timeout: Int64,
        loop: EventLoop,
        done: @escaping (Result) -> Void
    ) {
        let descriptor = sys_tcp_connect(address.address, address.port)
        guard descriptor >= 0 else {
            let error = InitError("connect to \(address.text)", code: Int(descriptor))
            loop.after(0) { done(.failed(error.message)) }
            return
        }
        let exchange = HTTPExchange(request, descriptor, peer: address.text, loop: loop, done: done)
        loop.watch(descriptor, .writable) { exchange.becameReady($0) }
        exchange.timer = loop.after(timeout) {
            exchange.finish(.failed("\(exchange.peer) did not answer within \(timeout) ms"))
        }
    }

    private init(
        _ request: HTTPRequest?,
        _ descriptor: Int32,
        peer: String,
        loop: EventLoop,
        done: @escaping (Result) -> Void
    ) {
        self.loop = loop
        self.peer = peer
        self.descriptor = descriptor
        self.done = done
        output = request?.bytes ?? []
        asksNothing = request == nil
    }

    private func becameReady(_ readiness: EventLoop.Readiness) {
        let error = sys_socket_error(descriptor)
        if error < 0 { return finish(.failed(InitError("connect to \(peer)", code: Int(error)).message)) }
        if asksNothing { return finish(.connected) }
        if !output.isEmpty { return send() }
        receive()
    }

    private func send() {
        let count = output.withUnsafeBytes { sys_write(descriptor, $0.baseAddress!, $0.count) }
        if count == ErrorNumber.again { return }
        guard count > 0 else { return finish(.failed(InitError("send to \(peer)", code: count).message)) }
        output.removeFirst(count)
        if output.isEmpty { loop.watch(descriptor, .readable) { [self] in becameReady($0) } }
    }

    private func receive() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { sys_read(descriptor, $0.baseAddress!, $0.count) }
        if count == ErrorNumber.again { return }
        guard count >= 0 else { return finish(.failed(InitError("receive from \(peer)", code: count).message)) }
        input += buffer[..<count]
        switch HTTPResponse.parse(input, isEnd: count == 0) {
        case .needsMore: break
        case .complete(let response): finish(.answered(response))
        case .invalid: finish(.failed("\(peer) answers what is no HTTP"))
        }
    }

    private func finish(_ result: Result) {
        guard !isDone else { return }
        isDone = true
        loop.cancel(timer)
        loop.forget(descriptor)
        sys_close(descriptor)
        done(result)
    }
}
