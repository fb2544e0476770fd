import AsyncHTTPClient
import Foundation
import Inventory
import Testing
import Vocabulary

@testable import Control
@testable import muster

@Suite("The OpenAPI document")
struct OpenAPITests {
    private static func routes(_ server: RunningControl) -> [Route] {
        ControlRoutes(plane: FleetControlPlane(fleet: server.fleet, tokens: server.tokens)).all
    }

    @Test("it has every route with its role, and no other")
    func routes() async throws {
        try await RunningControl.with { server in
            let document = try SchemaChecker(try await server.client.get("/v1/openapi.json"))
            #expect(document.root["openapi"] == "3.1.0")
            var told: Set<String> = []
            for (path, operations) in document.root["paths"]?.fields ?? [:] {
                for (method, operation) in operations.fields ?? [:] {
                    told.insert("\(method.uppercased()) \(path) \(operation["x-muster-role"]?.text ?? "everybody")")
                    #expect(operation["summary"]?.text?.isEmpty == false)
                    let named = (operation["parameters"]?.elements ?? []).filter { $0["in"] == "path" }
                    #expect(named.count == path.count { $0 == "{" }, "\(method) \(path)")
                }
            }
            let routes = Self.routes(server)
            #expect(told == Set(routes.map { "\($0.method) \($0.path) \($0.role?.rawValue ?? "everybody")" }))
            #expect(told.count == routes.count, "two routes are one")
            // A route asks for what it says: nobody may do without it.
            for route in routes where route.role != nil {
                var request = HTTPClientRequest(url: server.url + route.path.replacing("{name}", with: "n1"))
                request.method = .init(rawValue: route.method.rawValue)
                request.headers.add(name: "Authorization", value: "Bearer muster_0")
                let status = try await HTTPClient.shared.execute(request, timeout: .seconds(10)).status
                #expect(status == .unauthorized, "\(route.method) \(route.path)")
            }
        }
    }

    @Test("every type that routes take and give is written as its schema says")
    func types() async throws {
        try await RunningControl.with { server in
            let routes = Self.routes(server)
            let document = try SchemaChecker(OpenAPIDocument(routes).json)
            for route in routes {
                var types = [route.request].compactMap(\.self)
                switch route.answer {
                case .json(let type), .events(let type): types.append(type)
                case .text: break
                }
                for type in types { try Self.check(type, document) }
            }
        }
    }

    private static func check(_ type: any Decodable.Type, _ document: SchemaChecker) throws {
        var schema = JSONSchema()
        let described = try schema.described(type)
        let value = try #require(described.value as? any Encodable, "\(type) cannot be written")
        let json = try JSONDecoder().decode(JSONValue.self, from: ControlJSON.encoder.encode(value))
        #expect(document.faults(of: json, against: described.schema) == [], "\(type)")
    }

    @Test("real answers of every GET fit their schemas")
    func answers() async throws {
        try await RunningControl.with { server in
            let document = try SchemaChecker(try await server.client.get("/v1/openapi.json"))
            let text = """
                kind: Profile
                name: web
                image: web
                ---
                { kind: Machine, name: n1, macs: ["52:54:00:00:00:01"], labels: { rack: r1 }, profile: web }
                """
            let apply = ApplyRequest(documents: [.init(source: "site.yml", text: text)])
            let report: JSONValue = try await server.client.post("/v1/apply", apply)
            #expect(document.faults(ofAnswer: report, method: "post", path: "/v1/apply") == [])
            let token = TokenRequest(name: "ci", role: .viewer, expires: .minutes(1))
            let made: JSONValue = try await server.client.post("/v1/tokens", token)
            #expect(document.faults(ofAnswer: made, method: "post", path: "/v1/tokens") == [])
            var checked = 0
            for route in Self.routes(server) where route.method == .get {
                guard case .json = route.answer else { continue }
                let path = route.path.replacing("{name}", with: "n1")
                guard !path.contains("{") else { continue }
                let answer: JSONValue = try await server.client.get(path)
                #expect(document.faults(ofAnswer: answer, method: "get", path: route.path) == [], "\(path)")
                checked += 1
            }
            #expect(checked >= 12)
            let problem = try await HTTPClient.shared.execute(
                HTTPClientRequest(url: server.url + "/v1/machines/nobody"),
                timeout: .seconds(10)
            )
            let body = try await problem.body.collect(upTo: 1 << 20)
            let value = try JSONDecoder().decode(JSONValue.self, from: Data(body.readableBytesView))
            #expect(document.faults(of: value, against: ["$ref": "#/components/schemas/Problem"]) == [])
            #expect(problem.headers.first(name: "content-type") == "application/problem+json")
        }
    }

    @Test("a type that cannot be described says so")
    func undescribed() {
        #expect(throws: JSONSchemaError.self) {
            var schema = JSONSchema()
            _ = try schema.schema(of: UInt8.self)
        }
    }

    @Test("the checker finds what does not fit")
    func checker() throws {
        let schema: JSONValue = [
            "type": "object", "required": ["a"], "properties": ["a": ["type": "integer"], "b": ["enum": ["x"]]],
        ]
        let checker = try SchemaChecker([:])
        #expect(checker.faults(of: ["a": 1, "b": "x"], against: schema) == [])
        #expect(checker.faults(of: ["a": "1"], against: schema) == ["a is no integer"])
        #expect(checker.faults(of: ["b": "y"], against: schema) == ["a is missing", "b is none of its choices"])
        #expect(checker.faults(of: ["a": 1, "c": 1], against: schema) == ["c is not described"])
    }
}
