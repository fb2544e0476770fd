import Testing

@testable import Init

@Suite("Calls of gRPC")
struct RemoteCallTests {
    private static func call(_ message: [UInt8] = [1, 2, 3]) throws -> RemoteCall {
        var request = ProtocolBuffer()
        request.add(1, message)
        return try RemoteCall("/a.B/C", namespace: "n", request)
    }

    private static func frame(_ kind: UInt8, _ flags: UInt8, _ payload: [UInt8], stream: UInt8 = 1) -> [UInt8] {
        [0, UInt8(payload.count >> 8), UInt8(payload.count & 0xff), kind, flags, 0, 0, 0, stream] + payload
    }

    /// As Go's server writes them: shortened where that is shorter.
    private static let headers = frame(1, 4, [0x20, 0x88, 0x5f, 0x8b] + HuffmanExample.grpcType)
    private static func trailers(_ fields: [(name: String, value: String)]) -> [UInt8] {
        frame(1, 5, HeaderBlock.encode(fields))
    }

    @Test("what is sent: preface, settings, headers, the message with its length")
    func request() throws {
        let bytes = try Self.call().request
        let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
        #expect(bytes.starts(with: preface + [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]))
        #expect(bytes.suffix(9 + 10) == [0, 0, 10, 0, 1, 0, 0, 0, 1] + [0, 0, 0, 0, 5, 10, 3, 1, 2, 3])
        let headers = bytes.dropFirst(preface.count + 15)
        #expect(headers.prefix(9).dropFirst(3) == [1, 4, 0, 0, 0, 1])
        let fields = try #require(HeaderBlock.decode(Array(headers.dropFirst(9).dropLast(19))))
        #expect(fields.map { String($0.name) }.contains("containerd-namespace"))
        #expect(fields.contains { String($0.name) == ":path" && String($0.value) == "/a.B/C" })
    }

    @Test("a long message leaves in frames of 16 KiB, one that is too long for that does not")
    func long() throws {
        let short = try Self.call([]).request.count
        let long = try Self.call([UInt8](repeating: 7, count: 40_000)).request
        // Two frames more, and lengths of three bytes instead of one.
        #expect(long.count == short + 40_000 + 2 * 9 + 2)
        #expect(throws: InitError.self) { try Self.call([UInt8](repeating: 7, count: 65_535)) }
    }

    @Test("an answer, in whatever pieces it comes", arguments: [1, 2, 7, 1000])
    func answer(piece: Int) throws {
        var call = try Self.call()
        let message: [UInt8] = [0, 0, 0, 0, 2, 0x10, 0x2a]
        let ping = Self.frame(6, 0, [1, 2, 3, 4, 5, 6, 7, 8], stream: 0)
        let bytes =
            Self.frame(4, 0, [], stream: 0) + ping + Self.frame(8, 0, [0, 0, 1, 0], stream: 0) + Self.headers
            + Self.frame(0, 0, message) + Self.trailers([("grpc-status", "0"), ("grpc-message", "")])
        var replies: [UInt8] = []
        var results: [RemoteCall.Result] = []
        for begin in stride(from: 0, to: bytes.count, by: piece) {
            let step = call.receive(bytes[begin..<min(begin + piece, bytes.count)])
            replies += step.reply
            if let result = step.result { results.append(result) }
        }
        #expect(results == [.answered([0x10, 0x2a])])
        let acknowledged = Self.frame(4, 1, [], stream: 0) + Self.frame(6, 1, [1, 2, 3, 4, 5, 6, 7, 8], stream: 0)
        #expect(replies == acknowledged)
    }

    @Test("a refusal says why")
    func refusal() throws {
        var call = try Self.call()
        let fields = [(name: "grpc-status", value: "6"), (name: "grpc-message", value: "a%20b: 100%25 %zz")]
        #expect(call.receive(Self.trailers(fields)[...]).result == .refused("a b: 100% %zz"))
        var silent = try Self.call()
        #expect(silent.receive(Self.trailers([("grpc-status", "5")])[...]).result == .refused("status 5"))
    }

    @Test(
        "what is no answer is refused, and nothing traps",
        arguments: [
            frame(3, 0, [0, 0, 0, 8]), frame(7, 0, [0, 0, 0, 0, 0, 0, 0, 0], stream: 0), frame(1, 5, []),
            frame(1, 5, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), frame(1, 0xd, [200, 1]), [1, 0, 0, 0, 0, 0, 0, 0, 0],
            trailers([("grpc-status", "0")]),
        ]
    )
    func hostile(bytes: [UInt8]) throws {
        var call = try Self.call()
        guard case .refused = call.receive(bytes[...]).result else {
            Issue.record("no refusal")
            return
        }
        for end in bytes.indices {
            var cut = try Self.call()
            #expect(cut.receive(bytes[..<end]).result == nil || bytes[0] == 1)
        }
    }
}

@Suite("Header fields of HTTP/2")
struct HeaderBlockTests {
    @Test("RFC 7541 appendix C.4: shortened texts", arguments: HuffmanExample.all)
    func shortened(example: HuffmanExample) {
        #expect(String(HuffmanCode.decode(example.bytes[...])) == example.text)
    }

    @Test("names that are long, numbers that do not fit into seven bits")
    func long() throws {
        let fields = [(name: "n", value: String(repeating: "v", count: 1000))]
        let decoded = try #require(HeaderBlock.decode(HeaderBlock.encode(fields)))
        #expect(decoded.map { String($0.name) } == ["n"])
        #expect(decoded.map { String($0.value) } == [fields[0].value])
    }

    @Test("lists that end too early are none")
    func cut() {
        let whole = HeaderBlock.encode([(name: "name", value: "value")])
        for end in whole.indices.dropFirst() { #expect(HeaderBlock.decode(Array(whole[..<end])) == nil) }
    }
}

/// Texts as RFC 7541 appendices C.4 and C.6 shorten them.
struct HuffmanExample: Sendable {
    var text: String
    var bytes: [UInt8]

    static let all = [
        HuffmanExample(
            text: "www.example.com",
            bytes: [0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff]
        ),
        HuffmanExample(text: "no-cache", bytes: [0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf]),
        HuffmanExample(text: "custom-value", bytes: [0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xb8, 0xe8, 0xb4, 0xbf]),
        HuffmanExample(
            text: "Mon, 21 Oct 2013 20:13:21 GMT",
            bytes: [
                0xd0, 0x7a, 0xbe, 0x94, 0x10, 0x54, 0xd4, 0x44, 0xa8, 0x20, 0x05, 0x95, 0x04, 0x0b, 0x81, 0x66, 0xe0,
                0x82, 0xa6, 0x2d, 0x1b, 0xff,
            ]
        ),
        HuffmanExample(text: "application/grpc", bytes: grpcType),
    ]
    /// `application/grpc`, as Go's servers send it.
    static let grpcType: [UInt8] = [0x1d, 0x75, 0xd0, 0x62, 0x0d, 0x26, 0x3d, 0x4c, 0x4d, 0x65, 0x64]
}

@Suite("Protocol buffers")
struct ProtocolBufferTests {
    @Test("strings and messages in a message, and numbers of one")
    func fields() {
        var inner = ProtocolBuffer()
        inner.add(1, "testing")
        var outer = ProtocolBuffer()
        outer.add(3, inner)
        // The example of the encoding's description: 1a 09, and 0a 07 "testing".
        #expect(outer.bytes == [0x1a, 9, 0x0a, 7] + Array("testing".utf8))
        let mixed: [UInt8] = [0x0a, 2, 0x10, 7, 0x10, 0x96, 1, 0x1d, 0, 0, 0, 0]
        #expect(ProtocolBuffer.number(2, in: mixed) == 150)
        #expect(ProtocolBuffer.number(3, in: mixed) == nil)
        #expect(ProtocolBuffer.number(2, in: []) == nil)
    }

    @Test("what is cut off is no message")
    func cut() {
        let whole: [UInt8] = [0x10, 0x96, 1, 0x0a, 3, 1, 2, 3]
        for end in [1, 2, 4, 5, 7] { #expect(ProtocolBuffer.number(2, in: Array(whole[..<end])) == nil) }
        #expect(ProtocolBuffer.number(2, in: [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]) == nil)
    }
}
