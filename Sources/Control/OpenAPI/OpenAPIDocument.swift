import Inventory

/// The OpenAPI 3.1 document of some routes: `GET /v1/openapi.json`. It is made of the routes and of the types that they
/// take and give, so it says what is so.
struct OpenAPIDocument {
    let json: JSONValue

    /// - Throws: `JSONSchemaError` for a type that cannot be described.
    init(_ routes: [Route]) throws {
        var schema = JSONSchema()
        let problem = try schema.schema(of: Problem.self)
        var paths: [String: [String: JSONValue]] = [:]
        for route in routes {
            let operation = try Self.operation(route, problem, &schema)
            paths[route.path, default: [:]][route.method.rawValue.lowercased()] = operation
        }
        json = [
            "openapi": "3.1.0",
            "info": [
                "title": "Muster", "version": "1",
                "description": "What the command line does. Errors are problems as RFC 9457 writes them.",
            ],
            "paths": .object(paths.mapValues(JSONValue.object)),
            "components": [
                "schemas": .object(schema.components),
                "securitySchemes": [
                    "token": [
                        "type": "http", "scheme": "bearer",
                        "description": "A token of `muster token create`; the unix socket needs none.",
                    ]
                ],
            ],
        ]
    }

    private static func operation(
        _ route: Route,
        _ problem: JSONValue,
        _ schema: inout JSONSchema
    ) throws -> JSONValue {
        var operation: [String: JSONValue] = ["summary": .string(route.summary)]
        if let role = route.role {
            operation["security"] = [["token": []]]
            operation["x-muster-role"] = .string(role.rawValue)
        } else {
            operation["security"] = []
        }
        let parameters = route.parameters.map(described) + route.query.map(described)
        if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
        if let request = route.request {
            operation["requestBody"] = [
                "required": true, "content": ["application/json": ["schema": try schema.schema(of: request)]],
            ]
        }
        operation["responses"] = [
            "200": ["description": .string(route.summary), "content": try content(route.answer, &schema)],
            "default": ["description": "Why not.", "content": ["application/problem+json": ["schema": problem]]],
        ]
        return .object(operation)
    }

    private static func content(_ answer: Route.Answer, _ schema: inout JSONSchema) throws -> JSONValue {
        switch answer {
        case .json(let type): ["application/json": ["schema": try schema.schema(of: type)]]
        case .events(let type):
            ["application/json": ["schema": try schema.schema(of: type)], "text/event-stream": ["schema": true]]
        case .text(let media):
            .object([String(media.prefix { $0 != ";" }): ["schema": ["type": "string"]]])
        }
    }

    private static func described(_ name: String) -> JSONValue {
        ["name": .string(name), "in": "path", "required": true, "schema": ["type": "string"]]
    }

    private static func described(_ parameter: QueryParameter) -> JSONValue {
        let type: JSONValue = ["type": .string(parameter.kind.rawValue)]
        return [
            "name": .string(parameter.name), "in": "query", "description": .string(parameter.summary),
            "schema": parameter.isRepeated ? ["type": "array", "items": type] : type,
        ]
    }
}

extension Route {
    /// What stands in braces in the path.
    fileprivate var parameters: [String] {
        path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
    }
}
