/// Reads the responses of one connection, whose bodies have a length (RFC 9112). Without I/O.
struct HTTPResponseReader {
    struct Head: Hashable {
        var status: Int
        var length: Int
        /// Seconds, of a 503.
        var retryAfter: Int?
        var closes: Bool
    }

    enum Progress: Hashable {
        case needsMore
        case complete(Head)
        case invalid
    }

    /// Bytes of the longest head.
    private static let longest = 16 << 10

    private var text: [UInt8] = []
    private var head: Head?
    private var missing = 0

    /// Takes bytes of one response.
    /// - Parameter body: called with what belongs to the body of a 200.
    mutating func take(_ bytes: UnsafeRawBufferPointer, body: (UnsafeRawBufferPointer) -> Void) -> Progress {
        var rest = bytes[...]
        if head == nil {
            guard let end = endOfHead(rest) else {
                text.append(contentsOf: rest)
                return text.count > Self.longest ? .invalid : .needsMore
            }
            text.append(contentsOf: rest[..<end])
            rest = rest[end...]
            guard let parsed = Self.parse(text) else { return .invalid }
            head = parsed
            missing = parsed.length
        }
        guard let head, rest.count <= missing else { return .invalid }
        if !rest.isEmpty, head.status == 200 { body(UnsafeRawBufferPointer(rebasing: rest)) }
        missing -= rest.count
        guard missing == 0 else { return .needsMore }
        self = HTTPResponseReader()
        return .complete(head)
    }

    /// Where the head ends in `bytes`, which follow `text`.
    private func endOfHead(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int? {
        let end: [UInt8] = [13, 10, 13, 10]
        var tail = Array(text.suffix(3))
        let before = tail.count
        for index in bytes.indices {
            tail.append(bytes[index])
            if bytes[index] == 10, tail.suffix(4).elementsEqual(end) { return index + 1 }
            if tail.count > before + Self.longest { return nil }
        }
        return nil
    }

    private static func parse(_ bytes: [UInt8]) -> Head? {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
        let status = (lines.first ?? "").split(separator: " ")
        guard status.count >= 2, status[0] == "HTTP/1.1", let code = Int(status[1]) else { return nil }
        var head = Head(status: code, length: 0, closes: false)
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            switch line[..<colon].lowercased() {
            case "content-length":
                guard let length = Int(value), length >= 0 else { return nil }
                head.length = length
            case "retry-after": head.retryAfter = Int(value)
            case "connection": head.closes = value.lowercased() == "close"
            case "transfer-encoding": return nil
            default: break
            }
        }
        return head
    }
}
