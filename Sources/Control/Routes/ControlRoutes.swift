import Foundation
import Hummingbird
import NIOCore

/// The routes of the control plane.
struct ControlRoutes: Sendable {
    let plane: any ControlPlane

    typealias Context = BasicRequestContext

    /// - Parameter isReadOnly: refuse whatever is not GET or HEAD.
    func router(isReadOnly: Bool) -> Router<Context> {
        let router = Router(context: Context.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: ProblemMiddleware())
        if isReadOnly { router.add(middleware: ReadOnlyMiddleware()) }
        addHealth(to: router)
        let api = router.group("v1")
        addReading(to: api)
        addWriting(to: api)
        addEvents(to: api)
        addLogs(to: api, isOpen: !isReadOnly)
        return router
    }

    private func addHealth(to router: Router<Context>) {
        router.get("readyz") { request, context in
            let readiness = await plane.readiness()
            var response = try context.responseEncoder.encode(readiness, from: request, context: context)
            if !readiness.isReady { response.status = .serviceUnavailable }
            return response
        }
        router.get("metrics") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: try await plane.metrics()))
            )
        }
    }

    private func addReading(to api: RouterGroup<Context>) {
        api.get("machines") { request, context in
            let selection = MachineSelection(
                names: names(in: request),
                selector: request.uri.queryParameters["selector"].map(String.init)
            )
            return try await json(plane.machines(selection), request, context)
        }
        api.get("machines/:name") { request, context in
            try await json(plane.machine(named: context.parameters.require("name")), request, context)
        }
        api.get("machines/:name/why") { request, context in
            try await json(plane.why(machine: context.parameters.require("name")), request, context)
        }
        api.get("profiles") { request, context in try await json(plane.profiles(), request, context) }
        api.get("releases") { request, context in try await json(plane.releases(), request, context) }
        api.get("images") { request, context in try await json(plane.images(), request, context) }
        api.get("leases") { request, context in try await json(plane.leases(), request, context) }
        api.get("rollouts") { request, context in try await json(plane.rollouts(), request, context) }
        api.get("boots") { request, context in
            let limit = try limit(of: request, upTo: 1000)
            return try await json(plane.boots(of: names(in: request), limit: limit), request, context)
        }
    }

    private func addWriting(to api: RouterGroup<Context>) {
        api.post("apply") { request, context in
            Self.response(try await plane.apply(decode(request, context)))
        }
        api.post("build") { request, context in
            try await json(plane.build(decode(request, context)), request, context)
        }
        api.post("assign") { request, context in
            try await json(plane.assign(decode(request, context)), request, context)
        }
        api.post("accept") { request, context in
            try await json(plane.accept(decode(request, context)), request, context)
        }
        api.post("reject") { request, context in
            try await json(plane.reject(decode(request, context)), request, context)
        }
        api.post("set") { request, context in
            try await json(plane.set(decode(request, context)), request, context)
        }
    }

    private func names(in request: Request) -> [String] {
        request.uri.queryParameters.getAll("name").map { String($0) }
    }

    /// The query's `limit`, at most and unless given `most`.
    func limit(of request: Request, upTo most: Int) throws -> Int {
        guard let text = request.uri.queryParameters["limit"] else { return most }
        guard let limit = Int(text), limit > 0 else {
            throw ControlError(.invalid, "limit: found '\(text)', expected a whole number, 1 or more")
        }
        return min(limit, most)
    }

    private func json(_ value: some Encodable, _ request: Request, _ context: Context) throws -> Response {
        try context.responseEncoder.encode(value, from: request, context: context)
    }

    /// The same JSON as `json` would make, a part at a time: a hundred thousand changes are never all text at once.
    private static func response(_ report: ApplyReport) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "application/json; charset=utf-8"],
            body: ResponseBody { writer in
                let encoder = ControlJSON.encoder
                var part = ByteBuffer(string: #"{"changes":["#)
                for (index, change) in report.changes.enumerated() {
                    if index > 0 { part.writeString(",") }
                    part.writeBytes(try encoder.encode(change))
                    guard part.readableBytes >= 64 << 10 else { continue }
                    try await writer.write(part)
                    part.clear()
                }
                part.writeString(#"],"notes":"#)
                part.writeBytes(try encoder.encode(report.notes))
                part.writeString("}")
                try await writer.write(part)
                try await writer.finish(nil)
            }
        )
    }

    private func decode<Value: Decodable>(_ request: Request, _ context: Context) async throws -> Value {
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
}
