import AsyncHTTPClient
import Control
import Fleet
import Foundation
import NIOCore
import NIOHTTP1

#if canImport(Glibc)
import Glibc
#endif

/// Speaks to the running server: over its unix socket, or over TCP with a token.
struct ControlClient: Sendable {
    private let http: HTTPClient
    private let place: ServerPlace
    /// What changes are for; nil says nothing.
    var reason: String?

    /// What a request may take; `apply` of a large inventory is the slowest.
    static let timeout = TimeAmount.seconds(120)
    private static let responseLimit = 256 << 20

    /// Runs `body` with a client and shuts it down afterwards.
    static func with<Result>(socket: String, _ body: (ControlClient) async throws -> Result) async throws -> Result {
        try await with(.socket(socket), body)
    }

    static func with<Result>(
        _ place: ServerPlace,
        _ body: (ControlClient) async throws -> Result
    ) async throws -> Result {
        var configuration = HTTPClient.Configuration()
        // A socket that nobody answers on now is one of a server that is gone.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.tlsConfiguration = try place.tlsConfiguration()
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let result = try await body(ControlClient(http: http, place: place))
            try await http.shutdown()
            return result
        } catch {
            try? await http.shutdown()
            throw error
        }
    }

    func get<Value: Decodable>(_ path: String, as type: Value.Type = Value.self) async throws -> Value {
        try await decode(send(.GET, path, body: nil))
    }

    func machine(_ name: String) async throws -> MachineDescription {
        try await get("/v1/machines/\(Self.pathComponent(name))")
    }

    func why(_ name: String) async throws -> WhyView {
        try await get("/v1/machines/\(Self.pathComponent(name))/why")
    }

    func text(_ path: String) async throws -> String {
        let body = try await send(.GET, path, body: nil).body.collect(upTo: Self.responseLimit)
        return String(buffer: body)
    }

    /// A name as one component of a URL's path.
    private static func pathComponent(_ name: String) -> String {
        name.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "-._:"))) ?? name
    }

    /// Any text, in the bytes that a header's value may have.
    private static func headerValue(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(.init(charactersIn: " -._:,;/#()")))
            ?? text
    }

    /// How the server is; 503 is an answer too.
    func readiness() async throws -> Readiness {
        let response = try await execute(request(.GET, "/readyz"), deadline: .now() + Self.timeout)
        return try await decode(response)
    }

    /// - Parameter time: what it may take.
    func post<Value: Decodable>(
        _ path: String,
        _ body: some Encodable,
        within time: TimeAmount = Self.timeout
    ) async throws -> Value {
        try await decode(send(.POST, path, body: ControlJSON.encoder.encode(body), within: time))
    }

    /// Posts nothing but the path.
    func post<Value: Decodable>(_ path: String) async throws -> Value {
        try await decode(send(.POST, path, body: nil))
    }

    func delete<Value: Decodable>(_ path: String) async throws -> Value {
        try await decode(send(.DELETE, path, body: nil))
    }

    /// - Parameter name: what to remove, below `path`.
    func delete<Value: Decodable>(_ path: String, _ name: String) async throws -> Value {
        try await decode(send(.DELETE, path + Self.pathComponent(name), body: nil))
    }

    /// How long a server that went away is waited for: it may be starting again.
    private static let patience = Duration.seconds(60)

    /// Calls `receive` with events as they come, until it throws. A server that goes away and comes back goes on with what
    /// happened meanwhile.
    ///
    /// - Throws: `ClientError` when there is no server, or it stays away.
    func events(_ receive: ([EventView]) async throws -> Void) async throws {
        let newest: [EventView] = try await get("/v1/events?limit=1")
        var last = newest.last?.seq ?? 0
        var silentSince: ContinuousClock.Instant?
        while true {
            var failure = ClientError("muster serve on \(place) ended")
            do {
                try await events(after: last) { events in
                    silentSince = nil
                    last = events.last?.seq ?? last
                    if !events.isEmpty { try await receive(events) }
                }
            } catch let error as ClientError where error.isPassing {
                failure = error
            }
            if silentSince == nil {
                Terminal.warn("\(failure); it is asked again for \(Self.patience.components.seconds) s")
            }
            let since = silentSince ?? .now
            guard ContinuousClock.now - since < Self.patience else { throw failure }
            silentSince = since
            try await Task.sleep(for: .seconds(1))
        }
    }

    /// - Parameter receive: is called for each piece of the stream, whole events or none.
    private func events(after seq: Int64, _ receive: ([EventView]) async throws -> Void) async throws {
        var request = try request(.GET, "/v1/events?after=\(seq)")
        request.headers.add(name: "Accept", value: "text/event-stream")
        let response = try await execute(request, deadline: .distantFuture)
        guard response.status == .ok else { throw try await problem(response) }
        var lines = EventStreamLines()
        var chunks = response.body.makeAsyncIterator()
        while let chunk = try await next(of: &chunks) {
            let events = try lines.append(chunk.readableBytesView).map {
                try ControlJSON.decoder.decode(EventView.self, from: $0)
            }
            try await receive(events)
        }
    }

    /// A machine's lines, once it has answered, until they end or nobody takes them any more.
    func logs(of name: String, _ question: LogQuestion) async throws -> LogLines {
        let request = try request(.GET, "/v1/machines/\(Self.pathComponent(name))/logs" + question.query)
        // The server says when a machine does not answer.
        let response = try await execute(request, deadline: .distantFuture)
        guard response.status == .ok else { throw try await problem(response) }
        return response.body.map { Array($0.readableBytesView) }
    }

    private func next(of chunks: inout HTTPClientResponse.Body.AsyncIterator) async throws -> ByteBuffer? {
        do {
            return try await chunks.next()
        } catch let error where !(error is CancellationError) {
            throw ClientError("muster serve on \(place) went away: \(error)")
        }
    }

    private func send(
        _ method: HTTPMethod,
        _ path: String,
        body: Data?,
        within time: TimeAmount = Self.timeout
    ) async throws -> HTTPClientResponse {
        var request = try request(method, path)
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let response = try await execute(request, deadline: .now() + time)
        guard (200..<300).contains(response.status.code) else { throw try await problem(response) }
        return response
    }

    private func request(_ method: HTTPMethod, _ path: String) throws -> HTTPClientRequest {
        var request = HTTPClientRequest(url: try place.url(path))
        request.method = method
        if let token = place.token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if let caller = Caller.current {
            request.headers.add(name: "Muster-On-Behalf-Of", value: caller.header)
            if let reason = caller.reason {
                request.headers.add(name: "Muster-Reason", value: Self.headerValue(reason))
            }
        }
        if let reason { request.headers.add(name: "Muster-Reason", value: Self.headerValue(reason)) }
        return request
    }

    private func execute(_ request: HTTPClientRequest, deadline: NIODeadline) async throws -> HTTPClientResponse {
        try place.explain()
        do {
            return try await http.execute(request, deadline: deadline)
        } catch {
            try place.explain()
            throw ClientError("muster serve does not answer on \(place): \(ServerPlace.words(error))")
        }
    }

    private func decode<Value: Decodable>(_ response: HTTPClientResponse) async throws -> Value {
        let body = try await response.body.collect(upTo: Self.responseLimit)
        do {
            return try ControlJSON.decoder.decode(Value.self, from: Data(body.readableBytesView))
        } catch let error as DecodingError {
            throw ClientError("muster serve is another version than this program: \(ControlJSON.describe(error))")
        }
    }

    private func problem(_ response: HTTPClientResponse) async throws -> ClientError {
        let body = try await response.body.collect(upTo: 1 << 20)
        guard let problem = try? ControlJSON.decoder.decode(Problem.self, from: Data(body.readableBytesView)) else {
            return ClientError("muster serve answered \(response.status.code) \(response.status.reasonPhrase)")
        }
        return ClientError(problem.detail, status: problem.status)
    }
}

/// Why the server did not do what was asked, in its words or ours.
struct ClientError: Error, CustomStringConvertible, Hashable {
    var description: String
    /// The HTTP status; nil when there was no answer.
    var status: Int?

    init(_ description: String, status: Int? = nil) {
        self.description = description
        self.status = status
    }

    /// Nobody answered, or only the control plane's own process: the server may be starting again.
    var isPassing: Bool { status == nil || status == ControlError.Code.unavailable.status }

    /// 3 for what policy refuses, else 1.
    var exitStatus: Int32 { status == ControlError.Code.refused.status ? 3 : 1 }
}
