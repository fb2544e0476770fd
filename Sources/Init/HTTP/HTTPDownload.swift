import CInit

/// Fetches a file whole, onto the end of another, without anybody waiting for it. It is not tried again: who wants it knows
/// whether that is worth it.
final class HTTPDownload {
    private let loop: EventLoop
    private let request: HTTPRequest
    private let connection: Int32
    private let file: Int32
    private let done: (Result) -> Void
    private var output: [UInt8]
    private var head: [UInt8] = []
    /// Bytes that are to come; nil until the head says so.
    private var rest: Int?
    private var size = 0
    private var heard: Int64
    private var timer: EventLoop.Timer?
    private var isDone = false

    enum Result: Equatable {
        /// In bytes.
        case fetched(size: Int)
        case failed(String)
    }

    /// In milliseconds, without a byte.
    private static let stall: Int64 = 30_000
    private static let piece = 256 << 10

    /// - Parameters:
    ///   - file: a descriptor that stays the caller's.
    ///   - done: called once, never before this returns.
    static func start(
        _ address: HTTPAddress,
        into file: Int32,
        loop: EventLoop,
        done: @escaping (Result) -> Void
    ) {
        let connection = sys_tcp_connect(address.socket.address, address.socket.port)
        guard connection >= 0 else {
            let error = InitError("connect to \(address.socket.text)", code: Int(connection))
            loop.after(0) { done(.failed(error.message)) }
            return
        }
        let request = HTTPRequest(method: "GET", address: address)
        let download = HTTPDownload(request, connection, file, loop, done)
        loop.watch(connection, .writable) { _ in download.send() }
        download.watchForStall()
    }

    private init(
        _ request: HTTPRequest,
        _ connection: Int32,
        _ file: Int32,
        _ loop: EventLoop,
        _ done: @escaping (Result) -> Void
    ) {
        self.request = request
        self.connection = connection
        self.file = file
        self.loop = loop
        self.done = done
        output = request.bytes
        heard = loop.now
    }

    private var name: String { "\(request.address.socket.text)\(request.address.path)" }

    private func watchForStall() {
        let left = heard + Self.stall - loop.now
        guard left > 0 else { return fail("nothing comes for \(Self.stall / 1000) s") }
        timer = loop.after(left) { [self] in watchForStall() }
    }

    private func send() {
        let error = sys_socket_error(connection)
        if error < 0 { return fail(InitError.text(of: Int(error))) }
        let count = output.withUnsafeBytes { sys_write(connection, $0.baseAddress!, $0.count) }
        if count == ErrorNumber.again { return }
        guard count > 0 else { return fail(InitError.text(of: count)) }
        output.removeFirst(count)
        if output.isEmpty { loop.watch(connection, .readable) { [self] _ in receive() } }
    }

    private func receive() {
        var buffer = [UInt8](repeating: 0, count: Self.piece)
        let count = buffer.withUnsafeMutableBytes { sys_read(connection, $0.baseAddress!, $0.count) }
        if count == ErrorNumber.again { return }
        guard count > 0 else { return fail(count == 0 ? "it ends early" : InitError.text(of: count)) }
        heard = loop.now
        if rest != nil { return take(buffer[..<count]) }
        head += buffer[..<count]
        switch HTTPResponse.Head.parse(head) {
        case .needsMore: break
        case .invalid: fail("that is no HTTP")
        case .complete(let response, let end):
            guard response.status == 200, let length = response.length else {
                return fail("it answers \(response.status)\(response.length == nil ? " without a length" : "")")
            }
            rest = length
            take(head[end...])
        }
    }

    private func take(_ bytes: ArraySlice<UInt8>) {
        guard let rest, bytes.count <= rest else { return fail("more comes than was said") }
        let result = FileSystem.write(Array(bytes), to: file)
        guard result >= 0 else { return fail(InitError.text(of: result)) }
        size += bytes.count
        self.rest = rest - bytes.count
        if rest == bytes.count { finish(.fetched(size: size)) }
    }

    private func fail(_ reason: String) { finish(.failed("cannot fetch \(name): \(reason)")) }

    private func finish(_ result: Result) {
        guard !isDone else { return }
        isDone = true
        loop.cancel(timer)
        loop.forget(connection)
        sys_close(connection)
        done(result)
    }
}
