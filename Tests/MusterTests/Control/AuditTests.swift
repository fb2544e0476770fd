import Control
import Foundation
import Testing

@testable import Control
@testable import muster

#if canImport(Glibc)
import Glibc
#endif

@Suite("The audit")
struct AuditTests {
    /// A request for each route that changes something, and what stands for the parameters of its path.
    private static let bodies: [String: any Encodable & Sendable] = [
        "/v1/apply": ApplyRequest(documents: [
            .init(source: "site.yml", text: "kind: Machine\nname: n1\nmacs: [52:54:00:00:00:01]")
        ]),
        "/v1/build": BuildAsk(profile: "web"),
        "/v1/assign": AssignRequest(profile: "web", machines: .init(names: ["n1"])),
        "/v1/accept": AcceptRequest(names: ["n1"]),
        "/v1/reject": RejectRequest(names: ["n1"]),
        "/v1/set": SetRequest(names: ["n1"], state: "active"),
        "/v1/rollouts": RolloutRequest(profile: "web"),
        "/v1/power": PowerRequest(action: .reboot, machines: .init(names: ["n1"])),
        "/v1/freeze": FreezeRequest(reason: "maintenance"),
        "/v1/pin": PinRequest(names: ["n1"]),
        "/v1/unpin": UnpinRequest(names: ["n1"]),
        "/v1/rescue": RescueRequest(names: ["n1"]),
        "/v1/tokens": TokenRequest(name: "ci", role: .viewer),
    ]

    @Test("every route that changes something leaves exactly one line: who, what, why and the outcome")
    func eachRoute() async throws {
        try await RunningControl.with { server in
            var client = server.client
            client.reason = "ticket 7: größer"
            for route in ControlRoutes(plane: FleetControlPlane(fleet: server.fleet, tokens: server.tokens)).all {
                guard !route.onlyAsks else { continue }
                let before = try await Self.lines(client).count
                let path = route.path.replacing("{name}", with: "ci").replacing("{id}", with: "1")
                var failure: ClientError?
                do {
                    if route.method == .delete {
                        let _: IgnoredJSON = try await client.delete(path, "")
                    } else {
                        let body = Self.bodies[route.path]
                        if route.request != nil { try #require(body != nil, "AuditTests.bodies lacks \(route.path)") }
                        let _: IgnoredJSON = try await client.post(path, AnyBody(value: body))
                    }
                } catch let error as ClientError {
                    failure = error
                }
                let lines = try await Self.lines(client).dropFirst(before)
                try #require(lines.count == 1, "\(route.method) \(route.path): \(lines.map(\.message))")
                let line = try #require(lines.first)
                #expect(line.message.hasPrefix("\(route.method) \(path)"))
                #expect(line.message.contains(": done") == (failure == nil))
                if let failure { #expect(line.message.hasSuffix(": not done: \(failure.description)")) }
                #expect(line.subject == String(cString: getpwuid(geteuid()).pointee.pw_name))
                #expect(line.cause == "ticket 7: größer")
            }
        }
    }

    @Test("a dry run and a request that does not fit leave none; a token's line has its name")
    func others() async throws {
        try await RunningControl.with { server in
            var request = try #require(Self.bodies["/v1/apply"] as? ApplyRequest)
            request.dryRun = true
            let _: ApplyReport = try await server.client.post("/v1/apply", request)
            await #expect(throws: ClientError.self) {
                let _: CommandReport = try await server.client.post("/v1/set", ["names": 1])
            }
            #expect(try await Self.lines(server.client).isEmpty)
            let made: NewToken = try await server.client.post("/v1/tokens", TokenRequest(name: "ci", role: .admin))
            request.dryRun = false
            try await server.withClient(token: made.secret) { [request] client in
                let _: ApplyReport = try await client.post("/v1/apply", request)
            }
            let lines = try await Self.lines(server.client)
            #expect(lines.map(\.message) == ["POST /v1/tokens ci as admin: done", "POST /v1/apply site.yml: done"])
            #expect(lines.last?.subject == "token ci")
            #expect(lines.last?.cause == nil)
        }
    }

    private static func lines(_ client: ControlClient) async throws -> [EventView] {
        let events: [EventView] = try await client.get("/v1/events")
        return events.filter { $0.kind == "audit.write" }
    }
}

/// Whatever a route answers.
private struct IgnoredJSON: Decodable {
    init(from decoder: any Decoder) throws {}
}

/// Any request, or an empty object.
private struct AnyBody: Encodable {
    let value: (any Encodable)?

    func encode(to encoder: any Encoder) throws {
        if let value { try value.encode(to: encoder) } else { try [String: String]().encode(to: encoder) }
    }
}
