/// A request of HTTP/1.1 (RFC 9112) on a connection of its own.
struct HTTPRequest: Equatable {
    var method: String
    var address: HTTPAddress
    var token: String?
    var body: [UInt8]?
    /// The body's media type.
    var type: String

    init(
        method: String,
        address: HTTPAddress,
        token: String? = nil,
        body: [UInt8]? = nil,
        type: String = "application/json"
    ) {
        self.method = method
        self.address = address
        self.token = token
        self.body = body
        self.type = type
    }

    var bytes: [UInt8] {
        var head = "\(method) \(address.path) HTTP/1.1\r\nHost: \(address.socket.text)\r\nUser-Agent: muster-init\r\n"
        head += "Connection: close\r\n"
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        if let body { head += "Content-Type: \(type)\r\nContent-Length: \(body.count)\r\n" }
        return Array("\(head)\r\n".utf8) + (body ?? [])
    }
}

/// What was answered; a body without a length ends with the connection.
struct HTTPResponse: Equatable {
    /// In bytes, of the head and the body together.
    static let longest = 64 << 10

    var status: Int
    var body: [UInt8]

    enum Parsed: Equatable {
        case needsMore
        case complete(HTTPResponse)
        case invalid
    }

    /// - Parameter isEnd: whether nothing follows.
    static func parse(_ bytes: [UInt8], isEnd: Bool) -> Parsed {
        switch Head.parse(bytes) {
        case .needsMore: return isEnd ? .invalid : .needsMore
        case .invalid: return .invalid
        case .complete(let head, let end): return body(Array(bytes[end...]), of: head, isEnd: isEnd)
        }
    }

    private static func body(_ rest: [UInt8], of head: Head, isEnd: Bool) -> Parsed {
        if head.status == 204 || head.status == 304 { return .complete(HTTPResponse(status: head.status, body: [])) }
        if head.isChunked { return chunked(rest, status: head.status, isEnd: isEnd) }
        if let length = head.length {
            guard length <= longest else { return .invalid }
            guard rest.count >= length else { return isEnd ? .invalid : .needsMore }
            return .complete(HTTPResponse(status: head.status, body: Array(rest[..<length])))
        }
        guard rest.count <= longest else { return .invalid }
        return isEnd ? .complete(HTTPResponse(status: head.status, body: rest)) : .needsMore
    }

    /// RFC 9112 section 7.1; extensions and trailers are passed over.
    private static func chunked(_ bytes: [UInt8], status: Int, isEnd: Bool) -> Parsed {
        var body: [UInt8] = []
        var rest = bytes[...]
        while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let digits = rest[..<newline].prefix { $0.hexadecimalValue != nil }
            guard 1...5 ~= digits.count else { return .invalid }
            let size = digits.reduce(0) { $0 << 4 | Int($1.hexadecimalValue ?? 0) }
            if size == 0 { return .complete(HTTPResponse(status: status, body: body)) }
            let begin = newline + 1
            guard body.count + size <= longest else { return .invalid }
            guard rest.endIndex - begin >= size + 2 else { return isEnd ? .invalid : .needsMore }
            body += rest[begin..<(begin + size)]
            rest = rest[(begin + size + 2)...]
        }
        return isEnd || rest.count > longest ? .invalid : .needsMore
    }
}
