import Fleet
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

extension ControlRoutes {
    /// `/v1/machines/<name>/logs?container=…&follow=true&lines=n`: lines as the containers wrote them, until they end or
    /// the client goes.
    ///
    /// - Parameter isOpen: whether everything is allowed here: what containers write is not for everybody to read.
    func addLogs(to api: RouterGroup<Context>, isOpen: Bool) {
        api.get("machines/:name/logs") { request, context in
            guard isOpen else { throw ControlError(.forbidden, "logs are shown on the unix socket alone") }
            let lines = try await plane.logs(of: context.parameters.require("name"), question(in: request))
            return Response(
                status: .ok,
                headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"],
                body: ResponseBody { writer in
                    // A machine that has nothing to say keeps nobody here who has gone.
                    try await request.body.consumeWithCancellationOnInboundClose { _ in
                        try await Self.write(lines, to: &writer)
                    }
                    try await writer.finish(nil)
                }
            )
        }
    }

    private static func write(
        _ lines: some AsyncSequence<[UInt8], any Error> & Sendable,
        to writer: inout some ResponseBodyWriter
    ) async throws {
        for try await part in lines.cancelOnGracefulShutdown() { try await writer.write(ByteBuffer(bytes: part)) }
    }

    private func question(in request: Request) throws -> LogQuestion {
        let query = request.uri.queryParameters
        var question = LogQuestion(container: query["container"].map(String.init))
        switch query["follow"] {
        case nil, "false": break
        case "true": question.follows = true
        case let text?: throw ControlError(.invalid, "follow: found '\(text)', expected true or false")
        }
        if let text = query["lines"] {
            guard let lines = Int(text), lines >= 0 else {
                throw ControlError(.invalid, "lines: found '\(text)', expected a whole number, 0 or more")
            }
            question.lines = lines
        }
        return question
    }
}
