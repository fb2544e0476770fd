import Foundation
import Hummingbird
import NIOCore

/// One request to one route, and who makes it.
struct Call: Sendable {
    let request: Request
    let context: ControlContext
    let caller: Caller
    /// Takes the audit's lines.
    let record: @Sendable (AuditNote) async -> Void

    /// A parameter of the route's path.
    func parameter(_ name: String) throws -> String { try context.parameters.require(name) }

    func query(_ parameter: QueryParameter) -> String? {
        request.uri.queryParameters[parameter.name[...]].map(String.init)
    }

    var names: [String] { request.uri.queryParameters.getAll("name").map { String($0) } }

    /// The query's `limit`, at most and unless given `most`.
    func limit(upTo most: Int) throws -> Int {
        guard let text = query(.limit) else { return most }
        guard let limit = Int(text), limit > 0 else {
            throw ControlError(.invalid, "limit: found '\(text)', expected a whole number, 1 or more")
        }
        return min(limit, most)
    }

    /// The body, which is JSON.
    ///
    /// - Throws: `ControlError` `.invalid` with what does not fit and where.
    func decode<Value: Decodable>(as type: Value.Type = Value.self) async throws -> Value {
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: 64 << 20)
        } catch is NIOTooManyBytesError {
            throw ControlError(.invalid, "the request is larger than 64 MiB")
        }
        do {
            return try ControlJSON.decoder.decode(Value.self, from: Data(body.readableBytesView))
        } catch let error as DecodingError {
            throw ControlError(.invalid, "the request is not what this takes: \(ControlJSON.describe(error))")
        }
    }

    func json(_ value: some Encodable) throws -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "application/json; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try ControlJSON.encoder.encode(value)))
        )
    }
}

/// What hummingbird keeps of a request, and its connection: who is at the other end of a unix socket is the kernel's to
/// say.
struct ControlContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}
