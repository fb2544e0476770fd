import Foundation
import Testing
import Vocabulary

@testable import PXE

@Suite("HTTP limits")
struct HTTPLimitTests {
    @Test("a head that is too long is refused with 431", arguments: [1, 50])
    func longHead(fields: Int) async throws {
        try await withBootPlane(configuration: .loopback { $0.limits.headerBytes = 4096 }) { _, _, port in
            let client = try RawClient(port: port)
            let field = String(repeating: "x", count: 5000 / fields)
            client.send("GET / HTTP/1.1\r\n" + (0..<fields).map { "F\($0): \(field)\r\n" }.joined() + "\r\n")
            #expect(try await client.response().status == 431)
            #expect(await client.isAtEnd())
        }
    }

    @Test(
        "what is no request is refused with 400 and ends the connection",
        arguments: [
            "\u{16}\u{3}\u{1}\u{0}garbage\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
            "GET / HTTP/1.1\r\nno colon\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: t\r\nContent-Length: x\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\n\r\n",
        ]
    )
    func malformed(request: String) async throws {
        try await withBootPlane { _, _, port in
            let client = try RawClient(port: port)
            client.send(request)
            client.endInput()
            let response = try await client.response()
            #expect([400, 404].contains(response.status))
            #expect(await client.isAtEnd())
        }
    }

    @Test("a body that is too long is refused with 413 and ends the connection")
    func longBody() async throws {
        try await withBootPlane(configuration: .loopback { $0.limits.bodyBytes = 1000 }) { _, _, port in
            let client = try RawClient(port: port)
            client.send("POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + String(repeating: "x", count: 2000))
            #expect(try await client.response().status == 413)
            #expect(await client.isAtEnd())
        }
    }

    @Test("a connection too many is told when to come again; when one has ended there is room")
    func tooMany() async throws {
        try await withBootPlane(configuration: .loopback { $0.limits.connections = 2 }) { service, _, port in
            var kept = [try RawClient(port: port), try RawClient(port: port)]
            for client in kept { #expect(try await client.get("/healthz").status == 200) }
            let refused = try RawClient(port: port)
            let response = try await refused.get("/healthz")
            #expect(response.status == 503)
            #expect(response.fields["retry-after"] == "5")
            #expect(await refused.isAtEnd())
            kept.removeAll()
            #expect(await holdsSoon { service.counters.connections <= 1 })
            #expect(try await RawClient(port: port).get("/healthz").status == 200)
        }
    }

    @Test("who sends nothing, or one byte now and then, is not waited for", arguments: ["", "GET / HT"])
    func idle(bytes: String) async throws {
        try await withBootPlane(configuration: .loopback { $0.limits.idle = .milliseconds(60) }) { service, _, port in
            let client = try RawClient(port: port)
            client.send(bytes)
            #expect(await client.isAtEnd())
            #expect(await holdsSoon { service.counters.connections == 0 })
        }
    }

    @Test("a client that takes nothing is cut off, and what it got is observed")
    func stall() async throws {
        let authority = StubAuthority()
        authority.serve(try .zeros(count: 20_000_000), as: HTTPRequestTests.image)
        let configure: (inout HTTPBootService.Configuration) -> Void = { $0.limits.stall = .milliseconds(80) }
        try await withBootPlane(authority, configuration: .loopback(configure)) { service, authority, port in
            let client = try RawClient(port: port, receiveBuffer: 4096)
            client.send("GET \(HTTPRequestTests.path) HTTP/1.1\r\nHost: t\r\n\r\n")
            #expect(await holdsSoon { authority.transfers.count == 1 })
            let transfer = try #require(authority.transfers.first)
            #expect(transfer.range.upperBound < 20_000_000)
            #expect(transfer.total == 20_000_000)
            #expect(service.counters.aborted == 1)
            #expect(service.counters.activeTransfers == 0)
        }
    }

    @Test("a slow reader gets every byte, in the order of the file")
    func slow() async throws {
        let authority = StubAuthority()
        authority.serve(try .file(count: 3_000_000), as: HTTPRequestTests.image)
        try await withBootPlane(authority) { _, authority, port in
            let client = try RawClient(port: port, receiveBuffer: 64 * 1024)
            #expect(try await client.get(HTTPRequestTests.path).body == Content.pattern(0..<3_000_000))
            #expect(try await client.get("/healthz").status == 200)
            #expect(authority.transfers.map(\.range) == [0..<3_000_000])
        }
    }

    @Test("a client that asks without ever reading makes nothing pile up")
    func deaf() async throws {
        let authority = StubAuthority()
        authority.answer { _ in .pause(Pause(lines: [String(repeating: "x", count: 20_000)], seconds: 5)) }
        try await withBootPlane(authority) { _, authority, port in
            let client = try RawClient(port: port, receiveBuffer: 64 * 1024)
            let requests = 1000
            let request = "GET /boot.ipxe?mac=525400123456 HTTP/1.1\r\nHost: t\r\n\r\n"
            client.send(String(repeating: request, count: requests))
            var answered = 0
            while answered != authority.requests.count || answered == 0 {
                answered = authority.requests.count
                try await Task.sleep(for: .milliseconds(50))
            }
            // 20 MB of answers were asked for; the sockets' buffers hold a few of them.
            #expect(answered < 500)
            for _ in 0..<requests { #expect(try await client.response().status == 200) }
            #expect(authority.requests.count == requests)
        }
    }

    /// A busy host may need longer than the grace period of the other tests.
    private static let patient = HTTPBootService.Configuration.loopback { $0.limits.grace = .seconds(60) }

    @Test("stopping lets a running transfer finish, ends the idle, and takes nobody new")
    func quiesce() async throws {
        let authority = StubAuthority()
        authority.serve(try .zeros(count: 20_000_000), as: HTTPRequestTests.image)
        nonisolated(unsafe) var client: RawClient?
        nonisolated(unsafe) var idle: RawClient?
        try await withThrowingTaskGroup(of: Int.self) { group in
            try await withBootPlane(authority, configuration: Self.patient) { service, _, port in
                client = try RawClient(port: port, receiveBuffer: 64 * 1024)
                idle = try RawClient(port: port)
                #expect(try await idle?.get("/healthz").status == 200)
                client?.send("GET \(HTTPRequestTests.path) HTTP/1.1\r\nHost: t\r\n\r\n")
                #expect(await holdsSoon { service.counters.activeTransfers == 1 })
                group.addTask { try await client?.response().body.count ?? 0 }
            }
            for try await count in group { #expect(count == 20_000_000) }
        }
        #expect(await client?.isAtEnd() == true)
        #expect(await idle?.isAtEnd() == true)
        #expect(authority.transfers.map(\.range) == [0..<20_000_000])
    }

    @Test("a port that is taken is an error that says which and what to do")
    func taken() async throws {
        try await withBootPlane { _, _, port in
            let error = await #expect(throws: SystemError.self) {
                try await withBootPlane(configuration: .loopback { $0.port = port }) { _, _, _ in }
            }
            #expect(error?.description.hasPrefix("cannot bind TCP 127.0.0.1:\(port): Address already in use") == true)
        }
    }
}
