import AsyncHTTPClient
import Foundation
import NIOCore
import Testing
import Vocabulary

@testable import Control
@testable import muster

@Suite("Who may do what")
struct AccessTests {
    private func token(_ role: Role, at server: RunningControl, expires: TimeSpan? = nil) async throws -> String {
        let request = TokenRequest(name: role.rawValue, role: role, expires: expires)
        let made: NewToken = try await server.client.post("/v1/tokens", request)
        #expect(made.secret.hasPrefix(AccessToken.prefix) && made.secret.utf8.count == 59)
        return made.secret
    }

    /// The status of a request: nil when it was done.
    private func refusal(_ body: () async throws -> Void) async throws -> ClientError? {
        do {
            try await body()
            return nil
        } catch let error as ClientError {
            return error
        }
    }

    private static let machine = ApplyRequest(documents: [
        .init(source: "site.yml", text: "kind: Machine\nname: n1\nmacs: [52:54:00:00:00:01]")
    ])

    @Test(
        "each role may do what it says and no more",
        arguments: [
            (Role?.none, reads: true, logs: 401, changes: 401, tokens: 401),
            (.viewer, true, 403, 403, 403), (.operator, true, 409, nil, 403), (.admin, true, 409, nil, nil),
        ] as [(Role?, Bool, Int, Int?, Int?)]
    )
    func roles(role: Role?, reads: Bool, logs: Int, changes: Int?, tokens: Int?) async throws {
        try await RunningControl.with { server in
            let _: ApplyReport = try await server.client.post("/v1/apply", Self.machine)
            var secret: String?
            if let role { secret = try await token(role, at: server) }
            try await server.withClient(token: secret) { client in
                let machines: [MachineView] = try await client.get("/v1/machines")
                #expect(machines.map(\.name) == ["n1"])
                #expect(try await refusal { _ = try await client.text("/v1/machines/n1/logs") }?.status == logs)
                let change = try await refusal {
                    let _: CommandReport = try await client.post("/v1/set", SetRequest(names: ["n1"], state: "retired"))
                }
                #expect(change?.status == changes)
                if change != nil { #expect(change?.description.contains("the role operator") == true) }
                let list = try await refusal { let _: [TokenView] = try await client.get("/v1/tokens") }
                #expect(list?.status == tokens)
            }
        }
    }

    @Test("with anonymous: none nobody sees anything without a token but whether the server is well")
    func noAnonymous() async throws {
        try await RunningControl.with(anonymous: nil) { server in
            try await server.withClient(token: nil) { client in
                for path in ["/healthz", "/readyz", "/v1/openapi.json"] { _ = try await client.text(path) }
                for path in ["/metrics", "/v1/machines", "/v1/events"] {
                    #expect(try await refusal { _ = try await client.text(path) }?.status == 401, "\(path)")
                }
            }
            try await server.withClient(token: try await token(.viewer, at: server)) { client in
                for path in ["/metrics", "/v1/machines", "/v1/events"] { _ = try await client.text(path) }
            }
        }
    }

    @Test("a token that is wrong, removed or expired is refused, says so, and leaves an event")
    func badTokens() async throws {
        try await RunningControl.with { server in
            func answer(_ token: String) async throws -> ClientError? {
                try await server.withClient(token: token) { client in
                    try await refusal { let _: [MachineView] = try await client.get("/v1/machines") }
                }
            }
            let secret = try await token(.admin, at: server)
            #expect(try await answer(secret) == nil)
            var near = secret
            near.replace("admin", with: "")
            near = String(near.dropLast()) + (near.hasSuffix("0") ? "1" : "0")
            #expect(try await answer(near)?.status == 401)
            let _: CommandReport = try await server.client.delete("/v1/tokens/", "admin")
            #expect(try await answer(secret)?.status == 401)
            let short = try await token(.viewer, at: server, expires: TimeSpan(milliseconds: 0))
            #expect(try await answer(short)?.description.contains("expired") == true)
            let events: [EventView] = try await server.client.get("/v1/events")
            let refused = events.filter { $0.kind == "access.refused" }
            // The same caller once in a while.
            #expect(refused.map(\.subject) == ["127.0.0.1"])
            for event in events { #expect(!event.message.contains("muster_")) }
        }
    }

    @Test("the file of tokens is its owner's alone, has hashes only, and is read again when another process wrote it")
    func file() async throws {
        try await RunningControl.with { server in
            let secret = try await token(.operator, at: server)
            let path = server.tokens.path
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(!text.contains(secret.dropFirst(7)))
            let other = TokenFile(path: path)
            #expect(try other.tokens().map(\.name) == ["operator"])
            let _: CommandReport = try await server.client.delete("/v1/tokens/", "operator")
            #expect(try other.tokens().isEmpty)
            try Data("{".utf8).write(to: URL(fileURLWithPath: path))
            let damaged = try await server.withClient(token: secret) { client in
                try await refusal { let _: [MachineView] = try await client.get("/v1/machines") }
            }
            #expect(damaged?.status == 503 && damaged?.description.contains(path) == true)
        }
    }

    @Test("of thousands of other secrets none is anybody's, and two tokens are never taken for each other")
    func others() throws {
        let directory = try TemporaryDirectory()
        let file = TokenFile(path: directory.path + "/tokens.json")
        let now = Moment.now().wall
        let made = try Role.allCases.map { try file.create(.init(name: $0.rawValue, role: $0), at: now) }
        for _ in 0..<5000 { #expect(try file.token(AccessToken.newSecret()) == nil) }
        for (token, secret) in made { #expect(try file.token(secret) == token) }
    }

    @Test("names of tokens are taken once, and are no other text")
    func names() async throws {
        try await RunningControl.with { server in
            _ = try await token(.viewer, at: server)
            func status(_ name: String) async throws -> Int? {
                try await refusal {
                    let _: NewToken = try await server.client.post(
                        "/v1/tokens",
                        TokenRequest(name: name, role: .viewer)
                    )
                }?.status
            }
            #expect(try await status("viewer") == 409)
            for name in ["", "a b", "../x", String(repeating: "a", count: 64)] {
                #expect(try await status(name) == 400, "\(name)")
            }
            let missing = try await refusal {
                let _: CommandReport = try await server.client.delete("/v1/tokens/", "no")
            }
            #expect(missing?.status == 404)
        }
    }

    private static let privileged = [
        "kind: Profile\nname: p\nimage: web\nsecrets: { key: env:KEY }",
        "kind: Profile\nname: p\nimage: web\nsecrets: { key: { command: [cat, /etc/shadow] } }",
        "kind: Profile\nname: p\nimage: web\nrollout: { gates: [{ command: [/bin/true] }] }",
        "kind: Profile\nname: p\nimage: a.yml\ndefinitions: { a.yml: 'files: [{ path: x, source: /etc/shadow }]' }",
    ]

    @Test(
        "what runs programs or reads secrets on the server takes an admin to apply; the same again takes none",
        arguments: privileged
    )
    func privileges(text: String) async throws {
        try await RunningControl.with { server in
            let request = ApplyRequest(documents: [.init(source: "site.yml", text: text)])
            let operatorToken = try await token(.operator, at: server)
            func apply() async throws -> ClientError? {
                try await server.withClient(token: operatorToken) { client in
                    try await refusal { let _: ApplyReport = try await client.post("/v1/apply", request) }
                }
            }
            let refused = try await apply()
            #expect(refused?.status == 403)
            #expect(refused?.description.contains("on the server") == true, "\(refused?.description ?? "")")
            #expect(refused?.description.contains("the role admin") == true)
            try await server.withClient(token: try await token(.admin, at: server)) { client in
                let _: ApplyReport = try await client.post("/v1/apply", request)
            }
            #expect(try await apply() == nil)
        }
    }

    @Test("HTTPS with the configured certificate; one that nobody vouches for is refused")
    func tls() async throws {
        let directory = try TemporaryDirectory()
        let files = try CertificateFiles.make(in: directory.path)
        try await RunningControl.with(anonymous: nil, tls: files) { server in
            let secret = try await token(.viewer, at: server)
            let trusting = ServerPlace.network(url: server.url, token: secret, authority: files.certificate)
            let machines: [MachineView] = try await ControlClient.with(trusting) { try await $0.get("/v1/machines") }
            #expect(machines.isEmpty)
            let wary = ServerPlace.network(url: server.url, token: secret, authority: nil)
            let refusal = await #expect(throws: ClientError.self) {
                try await ControlClient.with(wary) { try await $0.text("/readyz") }
            }
            #expect(refusal?.description.hasSuffix("--ca-file names the one that it stands on") == true)
        }
    }
}
