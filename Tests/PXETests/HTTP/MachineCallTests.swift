import Foundation
import Testing
import Vocabulary

@testable import PXE

@Suite("What machines ask under their boot's name")
struct MachineCallTests {
    private let boot = BootID(milliseconds: 1_700_000_000_000)

    private func post(
        _ client: RawClient,
        _ path: String,
        body: String,
        fields: [String] = []
    ) async throws -> RawClient.Response {
        let head = ["POST \(path) HTTP/1.1", "Host: t", "Content-Length: \(body.utf8.count)"] + fields
        client.send(head.joined(separator: "\r\n") + "\r\n\r\n" + body)
        return try await client.response()
    }

    struct Outcome: Sendable {
        var answer: MachineCallAnswer
        var status: Int
    }

    static let outcomes = [
        Outcome(answer: .done, status: 204), Outcome(answer: .malformed("state: \"expected\"\n"), status: 400),
        Outcome(answer: .unauthorized, status: 401), Outcome(answer: .forbidden, status: 403),
        Outcome(answer: .unwanted, status: 404), Outcome(answer: .closed, status: 409),
        Outcome(answer: .later(seconds: 7), status: 503),
    ]

    @Test("A report arrives whole, with its token, and gets each answer's status", arguments: outcomes)
    func report(_ outcome: Outcome) async throws {
        try await withBootPlane { _, authority, port in
            authority.answerCalls(with: outcome.answer)
            let client = try RawClient(port: port)
            let path = "/boots/\(boot)/report"
            for number in 1...2 {
                let body = #"{"state":"up"}"# + String(repeating: " ", count: number)
                let response = try await post(client, path, body: body, fields: ["Authorization: bearer  T0k"])
                #expect(response.status == outcome.status)
                #expect(response.fields["cache-control"] == "no-store")
                if outcome.status == 204 {
                    #expect(response.fields["content-length"] == nil && response.body.isEmpty)
                } else {
                    let problem = try JSONSerialization.jsonObject(with: response.body) as? [String: Any]
                    #expect(problem?["status"] as? Int == outcome.status)
                }
                if outcome.status == 503 { #expect(response.fields["retry-after"] == "7") }
                if outcome.status == 401 { #expect(response.fields["www-authenticate"] == "Bearer") }
                let call = try #require(authority.calls.last)
                #expect(call.boot == boot && call.kind == .report && call.peer == .loopback)
                #expect(call.token == Array("T0k".utf8) && call.body == Array(body.utf8))
                #expect(call.server.port == port)
            }
        }
    }

    @Test(
        "No token, another scheme, and two of them are none",
        arguments: [
            [], ["Authorization: Basic eDp5"], ["Authorization: Bearer"], ["Authorization: Bearer "],
            ["Authorization: Bearer a", "Authorization: Bearer b"],
        ]
    )
    func tokens(_ fields: [String]) async throws {
        try await withBootPlane { _, authority, port in
            _ = try await post(try RawClient(port: port), "/boots/\(boot)/report", body: "{}", fields: fields)
            #expect(try #require(authority.calls.last).token == nil)
        }
    }

    @Test("A body longer than reports are is refused, announced or not, and never arrives")
    func long() async throws {
        try await withBootPlane { _, authority, port in
            let response = try await post(
                try RawClient(port: port),
                "/boots/\(boot)/report",
                body: String(repeating: " ", count: 16 * 1024 + 1)
            )
            #expect(response.status == 413)
            #expect(authority.calls.isEmpty)
        }
    }

    @Test(
        "Only its own method",
        arguments: [
            ("report", "GET", "POST"), ("report", "HEAD", "POST"), ("orders", "POST", "GET"), ("logs", "GET", "POST"),
            ("segment", "HEAD", "GET"),
            ("segment", "POST", "GET"), ("orders", "HEAD", "GET"),
        ]
    )
    func methods(_ part: String, _ method: String, _ allowed: String) async throws {
        try await withBootPlane { _, authority, port in
            let response = try await RawClient(port: port).get("/boots/\(boot)/\(part)", method: method)
            #expect(response.status == 405 && response.fields["allow"] == allowed)
            #expect(authority.calls.isEmpty)
        }
    }

    @Test("Elsewhere nothing is written to", arguments: ["/boot.ipxe", "/boots/x/report", "/healthz"])
    func readOnly(_ path: String) async throws {
        try await withBootPlane { _, authority, port in
            let response = try await post(try RawClient(port: port), path, body: "{}")
            #expect(response.status == 405 && response.fields["allow"] == "GET, HEAD")
            #expect(authority.calls.isEmpty)
        }
    }

    @Test("What is public of who asks is nobody else's to keep, and what nobody said is not found")
    func metadata() async throws {
        try await withBootPlane { _, authority, port in
            let content = Content(
                pieces: [.bytes(Array("n1".utf8))],
                digest: nil,
                mediaType: MediaType.script,
                isImmutable: false
            )
            authority.serve(content, as: .metadata(.hostname))
            let client = try RawClient(port: port)
            let response = try await client.get("/get/meta/hostname")
            #expect(response.status == 200 && response.body == Data("n1".utf8))
            #expect(response.fields["cache-control"] == "no-store")
            for path in ["/get/meta/public-ipv4", "/get/meta/x", "/nocloud/network-config", "/get/user"] {
                #expect(try await client.get(path).status == 404, "\(path)")
            }
        }
    }

    @Test("Orders are JSON that nobody keeps")
    func orders() async throws {
        try await withBootPlane { _, authority, port in
            authority.answerCalls(with: .state(Array(#"{"order":"none","id":0}"#.utf8)))
            let client = try RawClient(port: port)
            let response = try await client.get("/boots/\(boot)/orders", fields: ["Authorization: Bearer T"])
            #expect(response.status == 200 && response.fields["content-type"] == "application/json")
            #expect(response.fields["cache-control"] == "no-store")
            #expect(String(decoding: response.body, as: UTF8.self) == #"{"order":"none","id":0}"#)
        }
    }

    @Test("Who asks for orders waits as long as it says, and longer than others; and not while many are connected")
    func wait() async throws {
        let configuration = HTTPBootService.Configuration.loopback {
            $0.limits.answer = .milliseconds(50)
            $0.limits.connections = 3
        }
        try await withBootPlane(configuration: configuration) { _, authority, port in
            authority.answerCalls(with: nil)
            let waiting = try RawClient(port: port)
            waiting.send("GET /boots/\(boot)/orders?wait=25 HTTP/1.1\r\nHost: t\r\n\r\n")
            #expect(await holdsSoon { authority.calls.count == 1 })
            #expect(authority.calls.first?.wait == .seconds(25))
            let other = try await RawClient(port: port).get("/boots/\(boot)/orders?wait=25")
            #expect(other.status == 503)
            #expect(authority.calls.last?.wait == .zero)
            authority.unansweredCalls.first?(.state(Array("{}".utf8)))
            #expect(try await waiting.response().status == 200)
        }
    }

    @Test(
        "A wait is of seconds, and has a limit",
        arguments: [("25", 25), ("9999", 60), ("-1", 0), ("x", 0), ("", 0)]
    )
    func waits(_ text: String, _ seconds: Int) async throws {
        try await withBootPlane { _, authority, port in
            authority.answerCalls(with: .state(Array("{}".utf8)))
            _ = try await RawClient(port: port).get("/boots/\(boot)/orders?wait=\(text)")
            #expect(authority.calls.last?.wait == .seconds(seconds))
        }
    }

    @Test("Who waits for orders does not hold up a server that stops")
    func stops() async throws {
        let clock = ContinuousClock()
        var stopped = clock.now
        try await withBootPlane { _, authority, port in
            authority.answerCalls(with: nil)
            let waiting = try RawClient(port: port)
            waiting.send("GET /boots/\(boot)/orders?wait=25 HTTP/1.1\r\nHost: t\r\n\r\n")
            #expect(await holdsSoon { authority.calls.count == 1 })
            stopped = clock.now
        }
        #expect(clock.now - stopped < .seconds(15))
    }

    @Test("A part of a log says which it is")
    func logs() async throws {
        try await withBootPlane { _, authority, port in
            authority.answerCalls(with: .done)
            let client = try RawClient(port: port)
            let path = "/boots/\(boot)/logs?request=1700000000001&part=3&outcome=end"
            let response = try await post(client, path, body: "a\nb\n", fields: ["Authorization: Bearer T"])
            #expect(response.status == 204)
            let call = try #require(authority.calls.last)
            #expect(call.kind == .logs && call.body == Array("a\nb\n".utf8) && call.token == Array("T".utf8))
            #expect(call.part == LogPart(request: 1_700_000_000_001, number: 3, outcome: .end))
            for query in ["", "?request=1&part=0", "?request=1&part=-1&outcome=end", "?request=1&part=0&outcome=x"] {
                _ = try await post(client, "/boots/\(boot)/logs" + query, body: "")
                #expect(try #require(authority.calls.last).part == nil, "\(query)")
            }
        }
    }

    @Test(
        "A segment leaves whole whatever part is asked for, and that it left is seen",
        arguments: [
            [], ["Range: bytes=2-3"], ["If-None-Match: *"],
        ]
    )
    func segment(_ fields: [String]) async throws {
        try await withBootPlane { _, authority, port in
            authority.answerCalls(with: .segment(Array("070701".utf8)))
            let response = try await RawClient(port: port).get("/boots/\(boot)/segment", fields: fields)
            #expect(response.status == 200 && response.body == Data("070701".utf8))
            #expect(response.fields["cache-control"] == "no-store" && response.fields["accept-ranges"] == nil)
            #expect(await holdsSoon { authority.transfers.count == 1 })
            let transfer = try #require(authority.transfers.first)
            #expect(transfer.name == .call(boot, .segment) && transfer.boot == boot && transfer.range == 0..<6)
        }
    }
}
