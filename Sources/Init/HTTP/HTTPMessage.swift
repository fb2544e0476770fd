/// A request of HTTP/1.1 (RFC 9112) on a connection of its own.
struct HTTPRequest: Equatable {
    var method: String
    var address: HTTPAddress
    var token: String?
    var body: [UInt8]?

    init(method: String, address: HTTPAddress, token: String? = nil, body: [UInt8]? = nil) {
        self.method = method
        self.address = address
        self.token = token
        self.body = body
    }

    var bytes: [UInt8] {
        var head = "\(method) \(address.path) HTTP/1.1\r\nHost: \(address.socket.text)\r\nUser-Agent: muster-init\r\n"
        head += "Connection: close\r\n"
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        if let body { head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n" }
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
        let end = Array("\r\n\r\n".utf8)
        guard let last = bytes.indices.first(where: { bytes[$0...].starts(with: end) }) else {
            return isEnd || bytes.count > longest ? .invalid : .needsMore
        }
        let lines = Array(bytes[..<last]).lines.map { $0.trimmed }
        let status = lines[0].words
        guard status.count >= 2, status[0].starts(with: "HTTP/1."), status[1].count == 3,
            let code = Int(String(status[1])), 100..<600 ~= code
        else { return .invalid }
        // Interim answers come before the one that was asked for.
        if 100..<200 ~= code { return parse(Array(bytes[(last + 4)...]), isEnd: isEnd) }
        let rest = Array(bytes[(last + 4)...])
        if code == 204 || code == 304 { return .complete(HTTPResponse(status: code, body: [])) }
        let fields = lines.dropFirst()
        if let value = field("transfer-encoding", in: fields), value == Array("chunked".utf8) {
            return chunked(rest, status: code, isEnd: isEnd)
        }
        if let value = field("content-length", in: fields) {
            guard let length = Int(String(value)), 0...longest ~= length else { return .invalid }
            guard rest.count >= length else { return isEnd ? .invalid : .needsMore }
            return .complete(HTTPResponse(status: code, body: Array(rest[..<length])))
        }
        guard rest.count <= longest else { return .invalid }
        return isEnd ? .complete(HTTPResponse(status: code, body: rest)) : .needsMore
    }

    private static func field(_ name: String, in lines: ArraySlice<[UInt8]>) -> [UInt8]? {
        for line in lines {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            if line[..<colon].map({ $0.lowercased }).elementsEqual(name.utf8) {
                return Array(line[(colon + 1)...]).trimmed.map { $0.lowercased }
            }
        }
        return nil
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
