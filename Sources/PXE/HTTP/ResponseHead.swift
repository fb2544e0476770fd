import NIOCore
import Vocabulary

/// The head of a response, written straight into the buffer that leaves: no strings, no header list.
///
/// Every head has a `Content-Length`: nothing is ever sent in chunks or until close, which UEFI's HTTP boot does
/// not take.
struct ResponseHead: Sendable {
    enum Status: Int, Sendable, CaseIterable {
        case ok = 200
        case noContent = 204
        case partialContent = 206
        case notModified = 304
        case badRequest = 400
        case unauthorized = 401
        case forbidden = 403
        case notFound = 404
        case methodNotAllowed = 405
        case conflict = 409
        case preconditionFailed = 412
        case contentTooLarge = 413
        case rangeNotSatisfiable = 416
        case fieldsTooLarge = 431
        case unavailable = 503

        var line: StaticString {
            switch self {
            case .ok: "HTTP/1.1 200 OK\r\n"
            case .noContent: "HTTP/1.1 204 No Content\r\n"
            case .partialContent: "HTTP/1.1 206 Partial Content\r\n"
            case .notModified: "HTTP/1.1 304 Not Modified\r\n"
            case .badRequest: "HTTP/1.1 400 Bad Request\r\n"
            case .unauthorized: "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\n"
            case .forbidden: "HTTP/1.1 403 Forbidden\r\n"
            case .notFound: "HTTP/1.1 404 Not Found\r\n"
            case .methodNotAllowed: "HTTP/1.1 405 Method Not Allowed\r\n"
            case .conflict: "HTTP/1.1 409 Conflict\r\n"
            case .preconditionFailed: "HTTP/1.1 412 Precondition Failed\r\n"
            case .contentTooLarge: "HTTP/1.1 413 Content Too Large\r\n"
            case .rangeNotSatisfiable: "HTTP/1.1 416 Range Not Satisfiable\r\n"
            case .fieldsTooLarge: "HTTP/1.1 431 Request Header Fields Too Large\r\n"
            case .unavailable: "HTTP/1.1 503 Service Unavailable\r\n"
            }
        }
    }

    enum Caching: Sendable {
        /// Scripts and states: an answer of this moment to this machine.
        case never
        /// Loaders: keep, but ask whether it is still the same.
        case revalidate
        /// What is named by its digest.
        case forever

        var line: StaticString {
            switch self {
            case .never: "Cache-Control: no-store\r\n"
            case .revalidate: "Cache-Control: no-cache\r\n"
            case .forever: "Cache-Control: public, max-age=31536000, immutable\r\n"
            }
        }
    }

    /// What is said of the connection: nothing where HTTP/1.1's own default is meant.
    enum Connection: Sendable {
        case persistent
        /// For HTTP/1.0, which closes unless both say otherwise.
        case keepAlive
        case close

        var line: StaticString {
            switch self {
            case .persistent: ""
            case .keepAlive: "Connection: keep-alive\r\n"
            case .close: "Connection: close\r\n"
            }
        }
    }

    var status: Status
    var mediaType: String
    /// Nil for 304, whose length would be that of the other answer, and for 204, which has none.
    var length: UInt64?
    var caching: Caching
    /// With its quotes.
    var entityTag: String?
    /// `bytes 0-9/10`; the resource takes ranges when it or `acceptsRanges` is set.
    var contentRange: String?
    var acceptsRanges = false
    /// Seconds, with 503.
    var retryAfter: Int?
    /// The methods that a resource takes, with 405.
    var allow: StaticString?

    func write(_ connection: Connection, date: [UInt8], to buffer: inout ByteBuffer) {
        buffer.writeStaticString(status.line)
        buffer.writeStaticString("Date: ")
        buffer.writeBytes(date)
        if let length {
            buffer.writeStaticString("\r\nContent-Type: ")
            buffer.writeString(mediaType)
            buffer.writeStaticString("\r\nContent-Length: ")
            buffer.writeString(String(length))
        }
        buffer.writeStaticString("\r\n")
        buffer.writeStaticString(caching.line)
        if let entityTag { buffer.write("ETag: ", entityTag) }
        if acceptsRanges { buffer.writeStaticString("Accept-Ranges: bytes\r\n") }
        if let contentRange { buffer.write("Content-Range: ", contentRange) }
        if let retryAfter { buffer.write("Retry-After: ", String(retryAfter)) }
        if let allow {
            buffer.writeStaticString("Allow: ")
            buffer.writeStaticString(allow)
            buffer.writeStaticString("\r\n")
        }
        buffer.writeStaticString(connection.line)
        buffer.writeStaticString("\r\n")
    }
}

extension ByteBuffer {
    fileprivate mutating func write(_ name: StaticString, _ value: String) {
        writeStaticString(name)
        writeString(value)
        writeStaticString("\r\n")
    }
}
