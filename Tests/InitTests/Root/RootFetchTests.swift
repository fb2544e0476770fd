import Foundation
import Synchronization
import Testing

@testable import Init

/// The real thing over the loopback interface: what a source does wrong is done by one here.
@Suite("Fetching a root", .serialized)
struct RootFetchTests {
    private static let bytes: [UInt8] = {
        var state: UInt32 = 7
        return (0..<(3 << 20)).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(state >> 24)
        }
    }()

    private static func fetch(
        _ bytes: [UInt8] = Self.bytes,
        from servers: [FlawedServer]
    ) throws -> (failure: String?, file: [UInt8]) {
        var hash = SHA256()
        hash.update(bytes)
        let digest = hash.finish().hexadecimal
        let json = #"{"digest":"sha256:\#(digest)","size":\#(bytes.count),"type":"squashfs"}"#
        let root = try RootDescription(parsing: Array(json.utf8))
        let path = "\(NSTemporaryDirectory())/muster-root-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let loop = try EventLoop()
        let sources = try servers.map { try HTTPAddress("http://127.0.0.1:\($0.port)/blobs/sha256/\(digest)") }
        var result: String??
        let fetch = RootFetch(root, from: sources, to: path, loop: loop, console: Console()) { result = .some($0) }
        while result == nil { loop.turn(longest: 1000) }
        _ = fetch
        return (result!, Array(try Data(contentsOf: URL(filePath: path))))
    }

    @Test("from one who has it")
    func plain() throws {
        let server = try FlawedServer(Self.bytes, .none)
        let (failure, file) = try Self.fetch(from: [server])
        #expect(failure == nil && file == Self.bytes)
        #expect(server.ranges == [nil])
    }

    @Test("one dies in the middle: the next goes on from there")
    func dies() throws {
        let first = try FlawedServer(Self.bytes, .diesAfter(1 << 20))
        let second = try FlawedServer(Self.bytes, .none)
        let (failure, file) = try Self.fetch(from: [first, second])
        #expect(failure == nil && file == Self.bytes)
        #expect(first.ranges == [nil] && second.ranges == ["bytes=1048576-"])
    }

    @Test("the next knows no ranges: what is there already is passed over")
    func noRanges() throws {
        let first = try FlawedServer(Self.bytes, .diesAfter(1 << 20))
        let second = try FlawedServer(Self.bytes, .knowsNoRanges)
        let (failure, file) = try Self.fetch(from: [first, second])
        #expect(failure == nil && file == Self.bytes)
    }

    @Test("wrong bytes are never used, and who gave them is not asked again")
    func wrongBytes() throws {
        let first = try FlawedServer(Self.bytes, .changes(at: 2 << 20))
        let second = try FlawedServer(Self.bytes, .none)
        let (failure, file) = try Self.fetch(from: [first, second])
        #expect(failure == nil && file == Self.bytes)
        #expect(first.ranges == [nil] && second.ranges == [nil])
    }

    @Test("only wrong bytes are no root")
    func onlyWrong() throws {
        let server = try FlawedServer(Self.bytes, .changes(at: 5))
        let (failure, _) = try Self.fetch(from: [server])
        #expect(failure == "every source of the root gives other bytes than its own")
    }

    @Test("404 and another length: the next is asked")
    func others() throws {
        let servers = try [
            FlawedServer([1, 2, 3], .none), FlawedServer(Self.bytes, .hasNothing), FlawedServer(Self.bytes, .none),
        ]
        let (failure, file) = try Self.fetch(from: servers)
        #expect(failure == nil && file == Self.bytes)
        #expect(servers.map(\.ranges.count) == [1, 1, 1])
    }
}

/// Serves bytes over HTTP, with a flaw. Ends with the object.
private final class FlawedServer: Sendable {
    enum Flaw: Sendable, Equatable {
        case none
        case diesAfter(Int)
        case changes(at: Int)
        case knowsNoRanges
        case hasNothing
    }

    let port: UInt16
    private let socket: Int32
    private let asked: Asked

    /// The `Range` of every request so far.
    var ranges: [String?] { asked.ranges.withLock { $0 } }

    private final class Asked: Sendable {
        let ranges = Mutex<[String?]>([])
    }

    init(_ bytes: [UInt8], _ flaw: Flaw) throws {
        let listener = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) | listen(listener, 8) | getsockname(listener, $0, &size)
            }
        }
        try #require(result == 0, "no socket to listen on")
        socket = listener
        port = UInt16(bigEndian: address.sin_port)
        let asked = Asked()
        self.asked = asked
        Thread.detachNewThread {
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                let request = Self.request(from: connection)
                asked.ranges.withLock { $0.append(Self.range(in: request)) }
                Self.answer(request, bytes, flaw, to: connection)
                close(connection)
            }
        }
    }

    deinit {
        shutdown(socket, Int32(SHUT_RDWR))
        close(socket)
    }

    private static func request(from connection: Int32) -> String {
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !String(decoding: text, as: UTF8.self).hasSuffix("\r\n\r\n") {
            let count = read(connection, &buffer, buffer.count)
            guard count > 0 else { break }
            text += buffer[..<count]
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func range(in request: String) -> String? {
        request.components(separatedBy: "\r\n").first { $0.hasPrefix("Range: ") }.map { String($0.dropFirst(7)) }
    }

    private static func answer(_ request: String, _ bytes: [UInt8], _ flaw: Flaw, to connection: Int32) {
        guard flaw != .hasNothing else {
            return write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", [], to: connection)
        }
        var body = bytes
        if case .changes(let place) = flaw { body[place] ^= 1 }
        var head = "HTTP/1.1 200 OK\r\n"
        if flaw != .knowsNoRanges, let range = range(in: request), let begin = Int(range.dropFirst(6).dropLast()) {
            head = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes \(begin)-\(bytes.count - 1)/\(bytes.count)\r\n"
            body = Array(body[begin...])
        }
        head += "Content-Length: \(body.count)\r\n\r\n"
        if case .diesAfter(let count) = flaw { body = Array(body.prefix(count)) }
        write(head, body, to: connection)
    }

    private static func write(_ head: String, _ body: [UInt8], to connection: Int32) {
        let bytes = Array(head.utf8) + body
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(connection, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }
}
