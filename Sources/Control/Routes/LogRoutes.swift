import Fleet
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

extension ControlRoutes {
    private static let container = QueryParameter("container", "A container's name, or init; all when left out.")
    private static let follow = QueryParameter("follow", "Go on as lines come.", .boolean)
    private static let lines = QueryParameter("lines", "Begin with the newest so many of each container.", .integer)

    /// `/v1/machines/{name}/logs?container=…&follow=true&lines=n`: lines as the containers wrote them, until they end or
    /// the client goes. What containers write is not for everybody who may look.
    var logs: Route {
        Route(
            .get,
            "/v1/machines/{name}/logs",
            "Lines of a machine's containers, from the machine itself.",
            role: .operator,
            query: [Self.container, Self.follow, Self.lines],
            answer: .text("text/plain; charset=utf-8")
        ) { call in
            let lines = try await plane.logs(of: call.parameter("name"), question(in: call))
            return Response(
                status: .ok,
                headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"],
                body: ResponseBody { writer in
                    // A machine that has nothing to say keeps nobody here who has gone.
                    try await call.request.body.consumeWithCancellationOnInboundClose { _ in
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

    private func question(in call: Call) throws -> LogQuestion {
        var question = LogQuestion(container: call.query(Self.container))
        switch call.query(Self.follow) {
        case nil, "false": break
        case "true": question.follows = true
        case let text?: throw ControlError(.invalid, "follow: found '\(text)', expected true or false")
        }
        if let text = call.query(Self.lines) {
            guard let lines = Int(text), lines >= 0 else {
                throw ControlError(.invalid, "lines: found '\(text)', expected a whole number, 0 or more")
            }
            question.lines = lines
        }
        return question
    }
}
