import Glibc
import PXE
import Vocabulary

/// One TCP connection of a simulated machine, from an address of its own: requests one after the other.
/// Belongs to the loop's thread.
final class Connection {
    /// Why there is no answer.
    enum Failure: Error, Hashable {
        /// The server refused or ended the connection, or did not answer in time.
        case lost(String)
        /// What it sent is no response.
        case malformed
    }

    typealias Body = (UnsafeRawBufferPointer) -> Void
    typealias Done = (Result<HTTPResponseReader.Head, Failure>) -> Void

    let server: Endpoint
    private unowned let fleet: SimulatedFleet
    /// Its own reference: it outlives the fleet, which closes its connections when it goes.
    private let loop: EventLoop
    private let descriptor: CInt
    private let isSlow: Bool
    private var watch: EventLoop.Watch?
    private var timer: EventLoop.Timer?
    private var reader = HTTPResponseReader()
    private var outgoing: [UInt8] = []
    private var body: Body?
    private var done: Done?
    private(set) var isUsable = true

    /// Until a connection stands, and until an answer begins or goes on.
    static let patience = Duration.seconds(20)

    /// - Throws: a `SystemError` when this host has no such address, or no descriptors left.
    init(from source: IPv4Address, to server: Endpoint, isSlow: Bool, fleet: SimulatedFleet) throws(SystemError) {
        self.server = server
        self.fleet = fleet
        loop = fleet.loop
        self.isSlow = isSlow
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemError("open TCP to", "\(server)") }
        do throws(SystemError) {
            try connect(from: source)
            watch = try loop.watch(descriptor, for: [.readable, .writable]) { [weak self] in self?.ready($0) }
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }

    private func connect(from source: IPv4Address) throws(SystemError) {
        var yes: CInt = 1
        // IP_BIND_ADDRESS_NO_PORT: the port is chosen when the connection is made, so that there are enough of them.
        setsockopt(descriptor, CInt(IPPROTO_IP), 24, &yes, socklen_t(MemoryLayout<CInt>.size))
        setsockopt(descriptor, CInt(IPPROTO_TCP), CInt(TCP_NODELAY), &yes, socklen_t(MemoryLayout<CInt>.size))
        guard Self.with(Endpoint(address: source, port: 0), { Glibc.bind(descriptor, $0, $1) }) == 0 else {
            throw SystemError("bind TCP", "\(source)")
        }
        guard Self.with(server, { Glibc.connect(descriptor, $0, $1) }) == 0 || errno == EINPROGRESS else {
            throw SystemError("connect to", "\(server)")
        }
    }

    private static func with(
        _ endpoint: Endpoint,
        _ call: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) -> CInt {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = endpoint.port.bigEndian
        address.sin_addr.s_addr = endpoint.address.rawValue.bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    deinit { close() }

    func close() {
        guard isUsable else { return }
        isUsable = false
        body = nil
        done = nil
        if let watch { loop.cancel(watch) }
        if let timer { loop.cancel(timer) }
        Glibc.close(descriptor)
    }

    /// Sends a request; `done` is called once, unless the connection is closed before.
    /// - Parameters:
    ///   - patience: for the whole answer to begin.
    ///   - body: called with what comes of the body of a 200.
    func send(_ request: [UInt8], patience: Duration = patience, body: @escaping Body, done: @escaping Done) {
        (self.body, self.done) = (body, done)
        outgoing = request
        wait(patience)
        write()
    }

    private func wait(_ patience: Duration) {
        if let timer { loop.cancel(timer) }
        timer = loop.schedule(after: patience) { [weak self] in self?.end(.failure(.lost("no answer"))) }
    }

    private func ready(_ readiness: EventLoop.Readiness) {
        if readiness.contains(.writable), !outgoing.isEmpty { write() }
        if isUsable, readiness.contains(.readable) || readiness.contains(.troubled) { read() }
    }

    private func write() {
        let count = Glibc.send(descriptor, outgoing, outgoing.count, CInt(MSG_NOSIGNAL))
        if count < 0 {
            guard errno == EAGAIN || errno == ENOTCONN || errno == EINPROGRESS else {
                return end(.failure(.lost(String(cString: strerror(errno)))))
            }
            return
        }
        fleet.report.sent(count)
        outgoing.removeFirst(count)
        if outgoing.isEmpty { listen(.readable) }
    }

    private func listen(_ interest: EventLoop.Readiness) {
        guard let watch else { return }
        do throws(SystemError) { try loop.change(watch, to: interest) } catch {
            end(.failure(.lost("\(error)")))
        }
    }

    private func read() {
        let room = isSlow ? min(fleet.buffer.count, Faults.slowRate / 50) : fleet.buffer.count
        let count = recv(descriptor, fleet.buffer.baseAddress, room, 0)
        guard count > 0 else {
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            let reason = count == 0 ? "the server ended the connection" : String(cString: strerror(errno))
            return end(.failure(.lost(reason)))
        }
        fleet.report.received(count)
        guard done != nil else { return end(.failure(.malformed)) }
        switch reader.take(UnsafeRawBufferPointer(rebasing: fleet.buffer[..<count]), body: { body?($0) }) {
        case .needsMore:
            if isSlow { rest() } else if count < room { wait(Self.patience) }
        case .invalid: end(.failure(.malformed))
        case .complete(let head):
            if head.closes { shut() }
            end(.success(head))
        }
    }

    /// What came takes its time on a slow link.
    private func rest() {
        listen([])
        if let timer { loop.cancel(timer) }
        timer = loop.schedule(after: .milliseconds(20)) { [weak self] in
            guard let self else { return }
            self.listen(.readable)
            self.wait(Self.patience)
        }
    }

    private func end(_ result: Result<HTTPResponseReader.Head, Failure>) {
        let done = self.done
        self.done = nil
        body = nil
        if let timer { loop.cancel(timer) }
        timer = nil
        if case .failure = result { shut() }
        done?(result)
    }

    private func shut() {
        let done = self.done
        close()
        self.done = done
    }
}
