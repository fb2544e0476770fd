/// One call of gRPC over a connection of its own (gRPC over HTTP2; RFC 9113): what is sent, and what comes of it. Knows no
/// socket.
struct RemoteCall: Equatable {
    enum Result: Equatable {
        /// The message of the answer.
        case answered([UInt8])
        case refused(String)
    }

    /// What is to be done after something was received.
    struct Step: Equatable {
        var reply: [UInt8] = []
        /// Once; nothing more is read then.
        var result: Result?
    }

    private enum Kind {
        static let data: UInt8 = 0
        static let headers: UInt8 = 1
        static let reset: UInt8 = 3
        static let settings: UInt8 = 4
        static let ping: UInt8 = 6
        static let goAway: UInt8 = 7
        static let continuation: UInt8 = 9
    }

    private enum Flag {
        static let endStream: UInt8 = 0x1
        static let acknowledgement: UInt8 = 0x1
        static let endHeaders: UInt8 = 0x4
        static let padded: UInt8 = 0x8
        static let priority: UInt8 = 0x20
    }

    /// What may be sent without asking: RFC 9113 § 6.9.2.
    static let window = 65_535
    private static let longestFrame = 16_384

    /// Everything that is sent by itself.
    let request: [UInt8]
    private var input: [UInt8] = []
    private var headers: [UInt8] = []
    private var message: [UInt8] = []
    /// Whether the stream ends with the headers that are being received.
    private var isLast = false

    /// - Parameters:
    ///   - method: `/package.Service/Method`.
    ///   - namespace: containerd's.
    /// - Throws: when the message is longer than what can be sent at once.
    init(_ method: String, namespace: String, _ message: ProtocolBuffer) throws(InitError) {
        guard message.bytes.count + 5 <= Self.window else {
            throw InitError("cannot ask for \(method): its message of \(message.bytes.count) bytes is too long")
        }
        var bytes = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
        // SETTINGS_HEADER_TABLE_SIZE is 0: fields come whole.
        bytes += Self.frame(Kind.settings, 0, stream: 0, [0, 1, 0, 0, 0, 0])
        let fields: [(name: String, value: String)] = [
            (":method", "POST"), (":scheme", "http"), (":path", method), (":authority", "localhost"),
            ("content-type", "application/grpc"), ("te", "trailers"), ("containerd-namespace", namespace),
        ]
        bytes += Self.frame(Kind.headers, Flag.endHeaders, stream: 1, HeaderBlock.encode(fields))
        var body = [0] + Self.bigEndian(message.bytes.count) + message.bytes
        while body.count > Self.longestFrame {
            bytes += Self.frame(Kind.data, 0, stream: 1, Array(body[..<Self.longestFrame]))
            body.removeFirst(Self.longestFrame)
        }
        request = bytes + Self.frame(Kind.data, Flag.endStream, stream: 1, body)
    }

    private static func frame(_ kind: UInt8, _ flags: UInt8, stream: Int, _ payload: [UInt8]) -> [UInt8] {
        Array(bigEndian(payload.count).dropFirst()) + [kind, flags] + bigEndian(stream) + payload
    }

    private static func bigEndian(_ number: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }

    /// Takes what was received, in whatever pieces.
    mutating func receive(_ bytes: ArraySlice<UInt8>) -> Step {
        input += bytes
        var step = Step()
        while step.result == nil, input.count >= 9 {
            let length = Int(input[0]) << 16 | Int(input[1]) << 8 | Int(input[2])
            guard length <= Self.longestFrame else {
                step.result = .refused("a frame of \(length) bytes came, which is too long")
                break
            }
            guard input.count >= 9 + length else { break }
            let payload = Array(input[9..<9 + length])
            let (kind, flags) = (input[3], input[4])
            input.removeFirst(9 + length)
            take(kind, flags, payload, &step)
        }
        return step
    }

    private mutating func take(_ kind: UInt8, _ flags: UInt8, _ payload: [UInt8], _ step: inout Step) {
        switch kind {
        case Kind.settings where flags & Flag.acknowledgement == 0:
            step.reply += Self.frame(Kind.settings, Flag.acknowledgement, stream: 0, [])
        case Kind.ping where flags & Flag.acknowledgement == 0:
            step.reply += Self.frame(Kind.ping, Flag.acknowledgement, stream: 0, payload)
        case Kind.data:
            message += Self.content(payload, flags)
            if message.count > Self.window { step.result = .refused("the answer is too long") }
        case Kind.headers, Kind.continuation:
            if kind == Kind.headers { isLast = flags & Flag.endStream != 0 }
            headers += kind == Kind.headers ? Self.content(payload, flags) : payload
            guard flags & Flag.endHeaders != 0 else { return }
            // Headers come before the message, trailers after it; a call that is refused has trailers only.
            if isLast { step.result = result }
            headers = []
        case Kind.reset: step.result = .refused("the call was broken off")
        case Kind.goAway: step.result = .refused("the connection was closed")
        default: break
        }
    }

    /// Without padding and priorities (RFC 9113 § 6.1, § 6.2).
    private static func content(_ payload: [UInt8], _ flags: UInt8) -> [UInt8] {
        var content = payload[...]
        if flags & Flag.padded != 0, let padding = content.popFirst() { content = content.dropLast(Int(padding)) }
        if flags & Flag.priority != 0 { content = content.dropFirst(5) }
        return Array(content)
    }

    private func field(_ name: String) -> [UInt8]? {
        HeaderBlock.decode(headers)?.last { $0.name.elementsEqual(name.utf8) }?.value
    }

    /// When the trailers are there.
    private var result: Result {
        guard let status = field("grpc-status") else { return .refused("the answer has no status") }
        guard status.elementsEqual("0".utf8) else {
            let reason = field("grpc-message").map { Self.unescaped($0) } ?? []
            return .refused(reason.isEmpty ? "status \(String(status))" : String(reason))
        }
        return message.count < 5 ? .refused("the answer has no message") : .answered(Array(message[5...]))
    }

    /// `%20` is a blank.
    private static func unescaped(_ text: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2).compactMap { $0.hexadecimalValue }
            if byte == UInt8(ascii: "%"), digits.count == 2 {
                bytes.append(digits[0] << 4 | digits[1])
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }
}
