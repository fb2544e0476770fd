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
        Outcome(answer: .closed, status: 409), Outcome(answer: .later(seconds: 7), status: 503),
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
            ("report", "GET", "POST"), ("report", "HEAD", "POST"), ("orders", "POST", "GET"),
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
