import Testing

@testable import Init

@Suite("HTTP of the agent and of health checks")
struct HTTPTests {
    @Test(
        "addresses",
        arguments: [
            ("192.168.77.1:8080", 0xc0a8_4d01, 8080), (":80", 0x7f00_0001, 80), ("localhost:1", 0x7f00_0001, 1),
        ] as [(String, UInt32, UInt16)]
    )
    func address(text: String, address: UInt32, port: UInt16) throws {
        let parsed = try SocketAddress(text)
        #expect(parsed.address == address)
        #expect(parsed.port == port)
    }

    @Test(
        "what is none is refused",
        arguments: [
            "", "1.2.3.4", "1.2.3:80", "1.2.3.256:80", "1.2.3.4:0", "1.2.3.4:65536", "a:80", "1.2.3.4:80x", "1..2.3:1",
        ]
    )
    func refusedAddress(text: String) {
        #expect(throws: InitError.self) { try SocketAddress(text) }
    }

    @Test("addresses of HTTP")
    func httpAddress() throws {
        let whole = try HTTPAddress("http://10.0.0.1:8080/a?b")
        #expect(whole.socket.text == "10.0.0.1:8080")
        #expect(whole.path == "/a?b")
        #expect(try HTTPAddress("http://10.0.0.1").socket.port == 80)
        #expect(try HTTPAddress("http://10.0.0.1").path == "/")
        let secure = #expect(throws: InitError.self) { try HTTPAddress("https://10.0.0.1") }
        #expect(secure?.message == "'https://10.0.0.1' is HTTPS, which is not spoken here: expected http://")
        for text in ["10.0.0.1", "http://10.0.0.1/a b", "http://10.0.0.1/\r\n", "http://"] {
            #expect(throws: InitError.self) { try HTTPAddress(text) }
        }
    }

    @Test("a report as it is sent")
    func request() throws {
        let request = HTTPRequest(
            method: "POST",
            address: try HTTPAddress("http://10.0.0.1:8080/boots/b/report"),
            token: "secret",
            body: Array("{}".utf8)
        )
        let expected = """
            POST /boots/b/report HTTP/1.1\r
            Host: 10.0.0.1:8080\r
            User-Agent: muster-init\r
            Connection: close\r
            Authorization: Bearer secret\r
            Content-Type: application/json\r
            Content-Length: 2\r
            \r
            {}
            """
        #expect(String(request.bytes) == expected)
    }

    @Test(
        "answers in every framing",
        arguments: [
            ("HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "hi"),
            ("HTTP/1.0 200\r\n\r\nto the end", 200, "to the end"),
            ("HTTP/1.1 200 OK\r\nTRANSFER-ENCODING: Chunked\r\n\r\n2;x=y\r\nhi\r\n1\r\n!\r\n0\r\n\r\n", 200, "hi!"),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\ncontent-length:0\r\n\r\n", 404, ""),
        ] as [(String, Int, String)]
    )
    func response(text: String, status: Int, body: String) {
        let whole = Array(text.utf8)
        let expected = HTTPResponse.Parsed.complete(HTTPResponse(status: status, body: Array(body.utf8)))
        #expect(HTTPResponse.parse(whole, isEnd: true) == expected)
        for count in 0..<whole.count {
            let part = HTTPResponse.parse(Array(whole[..<count]), isEnd: false)
            #expect(part == .needsMore || part == expected)
        }
    }

    @Test(
        "what is no answer",
        arguments: [
            "HTTP/1.1 2000 x\r\n\r\n", "SSH-2.0-x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff0\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        ]
    )
    func invalid(text: String) {
        #expect(HTTPResponse.parse(Array(text.utf8), isEnd: true) == .invalid)
    }

    @Test("what has no end is given up")
    func endless() {
        let head = [UInt8](repeating: 0x61, count: HTTPResponse.longest + 1)
        #expect(HTTPResponse.parse(head, isEnd: false) == .invalid)
        let body = Array("HTTP/1.1 200 OK\r\n\r\n".utf8) + head
        #expect(HTTPResponse.parse(body, isEnd: false) == .invalid)
    }
}
