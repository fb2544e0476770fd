import HTTPTypes
import Hummingbird
import NIOCore

/// One route of the API: everything that answering it, guarding it and describing it takes.
struct Route: Sendable {
    let method: HTTPRequest.Method
    /// With its parameters in braces: `/v1/machines/{name}`.
    let path: String
    /// What it gives, in one line.
    let summary: String
    /// What a caller needs to be; nil for a route that is open to everybody.
    let role: Role?
    let query: [QueryParameter]
    /// nil for a request without a body.
    let request: JSONType?
    let answer: Answer
    /// Changes nothing.
    let onlyAsks: Bool
    let handle: @Sendable (Call) async throws -> Response

    /// A type that JSON is decoded as.
    typealias JSONType = any (Decodable & SendableMetatype).Type

    enum Answer: Sendable {
        case json(JSONType)
        /// JSON, or server-sent events with the elements as their data when the client accepts those.
        case events(JSONType)
        /// With its media type.
        case text(String)
    }

    /// Anything: for routes whose answer is more than a value.
    init(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ summary: String,
        role: Role?,
        query: [QueryParameter] = [],
        request: JSONType? = nil,
        answer: Answer,
        onlyAsks: Bool = false,
        handle: @escaping @Sendable (Call) async throws -> Response
    ) {
        self.method = method
        self.path = path
        self.summary = summary
        self.role = role
        self.query = query
        self.request = request
        self.answer = answer
        self.onlyAsks = onlyAsks || method == .get
        self.handle = handle
    }

    /// A route that reads: viewers may.
    static func get<Value: Codable & SendableMetatype>(
        _ path: String,
        _ summary: String,
        role: Role = .viewer,
        query: [QueryParameter] = [],
        _ body: @escaping @Sendable (Call) async throws -> Value
    ) -> Route {
        Route(.get, path, summary, role: role, query: query, answer: .json(Value.self)) { call in
            try call.json(await body(call))
        }
    }

    /// A route that takes something and changes something, which leaves a line in the audit: operators may.
    static func post<Request: Decodable & Sendable & Audited, Value: Codable & SendableMetatype>(
        _ path: String,
        _ summary: String,
        role: Role = .operator,
        takes: Request.Type,
        _ body: @escaping @Sendable (Call, Request) async throws -> Value
    ) -> Route {
        Route(.post, path, summary, role: role, request: Request.self, answer: .json(Value.self)) { call in
            let request: Request = try await call.decode()
            return try await call.audited(request.auditSubject) { try call.json(await body(call, request)) }
        }
    }

    /// A route that is asked with more than fits into a URL and changes nothing: viewers may.
    static func ask<Request: Decodable & Sendable, Value: Codable & SendableMetatype>(
        _ path: String,
        _ summary: String,
        role: Role = .viewer,
        takes: Request.Type,
        _ body: @escaping @Sendable (Call, Request) async throws -> Value
    ) -> Route {
        Route(
            .post,
            path,
            summary,
            role: role,
            request: Request.self,
            answer: .json(Value.self),
            onlyAsks: true
        ) { call in try call.json(await body(call, call.decode())) }
    }

    /// A route that changes what its path names, which leaves a line in the audit: operators may.
    ///
    /// - Parameter method: `.post`, or `.delete` for one that takes it away.
    static func change<Value: Codable & SendableMetatype>(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ summary: String,
        role: Role = .operator,
        _ body: @escaping @Sendable (Call) async throws -> Value
    ) -> Route {
        Route(method, path, summary, role: role, answer: .json(Value.self)) { call in
            try await call.audited { try call.json(await body(call)) }
        }
    }
}

/// Something that a route's URL may say after the question mark.
struct QueryParameter: Hashable, Sendable {
    enum Kind: String, Hashable, Sendable { case string, integer, boolean }

    let name: String
    let summary: String
    let kind: Kind
    /// May be said several times.
    let isRepeated: Bool

    init(_ name: String, _ summary: String, _ kind: Kind = .string, isRepeated: Bool = false) {
        self.name = name
        self.summary = summary
        self.kind = kind
        self.isRepeated = isRepeated
    }

    static let names = QueryParameter("name", "A machine's name, a range such as n[1-40], or a MAC.", isRepeated: true)
    static let selector = QueryParameter("selector", "Labels: key=value, separated by commas.")
    static let limit = QueryParameter("limit", "How many at most.", .integer)
}
