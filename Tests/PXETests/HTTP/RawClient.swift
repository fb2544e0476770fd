import Foundation
import Glibc

/// A TCP connection to a test server, which sends any bytes and reads HTTP/1.1 answers.
///
/// It waits on a queue of its own, never on a thread of the cooperative pool, which has no more than there are cores.
///
/// `@unchecked Sendable` so that the queue can fill the buffer: one task uses a client at a time, and waits meanwhile.
final class RawClient: @unchecked Sendable {
    struct Response {
        var status: Int
        /// By lower-case name.
        var fields: [String: String]
        var body: Data
        /// The status line and the fields as they came, without `Date`.
        var head: String
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private let descriptor: CInt
    private let queue = DispatchQueue(label: "client")
    private var buffer = Data()

    init(port: UInt16, receiveBuffer: CInt? = nil) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        if var size = receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size))
        }
        var timeout = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure(description: "connect: \(String(cString: strerror(errno)))") }
    }

    deinit { Glibc.close(descriptor) }

    func send(_ text: String) { send(Data(text.utf8)) }

    /// Errors are left to the reading: a server that has had enough may reset the connection.
    func send(_ data: Data) {
        var rest = data[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// No more will be sent.
    func endInput() { shutdown(descriptor, CInt(SHUT_WR)) }

    /// Nothing more is wanted: what still comes is answered with a reset.
    func abandon() { shutdown(descriptor, CInt(SHUT_RDWR)) }

    /// True when the server has closed its side, and nothing was left to read.
    func isAtEnd() async -> Bool {
        guard buffer.isEmpty else { return false }
        return await !fill()
    }

    func dropBuffer() { buffer.removeAll() }

    func get(
        _ path: String,
        method: String = "GET",
        version: String = "1.1",
        fields: [String] = []
    ) async throws -> Response {
        send("\(method) \(path) HTTP/\(version)\r\nHost: t\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n")
        return try await response(toHEAD: method == "HEAD")
    }

    func response(toHEAD isHead: Bool = false) async throws -> Response {
        let separator = Data("\r\n\r\n".utf8)
        while buffer.range(of: separator) == nil {
            guard await fill() else {
                throw Failure(description: "the connection ended after \(buffer.count) of a head")
            }
        }
        guard let end = buffer.range(of: separator) else { throw Failure(description: "no head") }
        let head = String(decoding: buffer[..<end.lowerBound], as: UTF8.self)
        buffer = Data(buffer[end.upperBound...])
        let lines = head.components(separatedBy: "\r\n")
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { throw Failure(description: "no field: \(line)") }
            fields[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        guard let status = Int(lines[0].split(separator: " ")[1]) else { throw Failure(description: lines[0]) }
        let length = isHead ? 0 : Int(fields["content-length"] ?? "0") ?? 0
        while buffer.count < length {
            guard await fill() else {
                throw Failure(description: "the connection ended at \(buffer.count) of \(length)")
            }
        }
        let body = Data(buffer.prefix(length))
        buffer = Data(buffer.dropFirst(length))
        let undated = lines.filter { !$0.hasPrefix("Date: ") }.joined(separator: "\n")
        return Response(status: status, fields: fields, body: body, head: undated)
    }

    /// False at the end, and when nothing comes for 20 seconds.
    private func fill() async -> Bool {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: self.receive()) }
        }
    }

    private func receive() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 256 * 1024)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { return false }
        buffer.append(contentsOf: chunk[..<count])
        return true
    }
}
