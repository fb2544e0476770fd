import Testing

@testable import Init

@Suite("Answers to a request for a part of a root")
struct RangeAnswerTests {
    private static func parse(_ text: String, offset: UInt64 = 0, size: UInt64 = 10) -> RangeAnswer.Parsed {
        RangeAnswer.parse(Array(text.replacing("\n", with: "\r\n").utf8), offset: offset, size: size)
    }

    @Test("everything, a part, and everything instead of a part")
    func good() {
        let whole = "HTTP/1.1 200 OK\nContent-Length: 10\n\n"
        #expect(Self.parse(whole) == .answer(RangeAnswer(body: 39, skipped: 0)))
        #expect(Self.parse(whole, offset: 4) == .answer(RangeAnswer(body: 39, skipped: 4)))
        let part = "HTTP/1.1 206 Partial Content\ncontent-range: BYTES 4-9/10\nContent-Length: 6\n\n0123"
        #expect(Self.parse(part, offset: 4) == .answer(RangeAnswer(body: 80, skipped: 0)))
        for count in 0..<30 { #expect(Self.parse(String(part.prefix(count)), offset: 4) == .needsMore) }
    }

    @Test(
        "others are refused",
        arguments: [
            "HTTP/1.1 404 Not Found\nContent-Length: 3\n\n", "HTTP/1.1 200 OK\nContent-Length: 11\n\n",
            "HTTP/1.1 200 OK\n\n", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", "SSH-2.0-x\n\n", "\n\n",
            "HTTP/1.1 206 Partial Content\nContent-Range: bytes 5-9/10\nContent-Length: 5\n\n",
            "HTTP/1.1 206 Partial Content\nContent-Range: bytes 4-9/11\nContent-Length: 6\n\n",
            "HTTP/1.1 206 Partial Content\nContent-Length: 6\n\n",
            "HTTP/1.1 206 Partial Content\nContent-Range: bytes 4-9/10\nContent-Length: 5\n\n",
            "HTTP/1.1 301 Moved\nLocation: http://a/\nContent-Length: 10\n\n",
        ]
    )
    func refused(text: String) {
        guard case .refused = Self.parse(text, offset: 4) else {
            Issue.record("taken: \(text)")
            return
        }
    }

    @Test("a head without an end")
    func endless() {
        guard case .refused = Self.parse(String(repeating: "a", count: 20_000)) else {
            Issue.record("a head of 20000 bytes was waited for")
            return
        }
    }
}
