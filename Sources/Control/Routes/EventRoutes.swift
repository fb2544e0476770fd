import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

extension ControlRoutes {
    private static let after = QueryParameter("after", "Events after this number; Last-Event-ID says it too.", .integer)

    /// `/v1/events`: server-sent events that begin after `Last-Event-ID`, or JSON when the client does not ask for them.
    var events: Route {
        Route(
            .get,
            "/v1/events",
            "What happened, the oldest first; as server-sent events also what happens from now on.",
            role: .viewer,
            query: [Self.after, .limit],
            answer: .events([EventView].self)
        ) { call in
            let after = try lastEvent(of: call)
            guard call.request.headers[.accept]?.contains("text/event-stream") == true else {
                return try call.json(await plane.events(after: after, limit: call.limit(upTo: 1000)))
            }
            return Response(
                status: .ok,
                headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
                body: ResponseBody { writer in
                    try await write(to: &writer, after: after)
                    try await writer.finish(nil)
                }
            )
        }
    }

    private func lastEvent(of call: Call) throws -> Int64? {
        let text = call.request.headers[.lastEventID] ?? call.query(Self.after)
        guard let text else { return nil }
        guard let seq = Int64(text), seq >= 0 else {
            throw ControlError(.invalid, "Last-Event-ID: found '\(text)', expected an event's number")
        }
        return seq
    }

    /// Between two looks at the ledger, and until a comment lets both ends notice that the other is gone.
    private static let interval = Duration.milliseconds(250)
    private static let looksPerComment = 60

    /// Writes what there is after `seq` and then what comes, until the client or the server goes.
    private func write(to writer: inout some ResponseBodyWriter, after seq: Int64?) async throws {
        var seq = seq
        if seq == nil { seq = try await plane.events(after: nil, limit: 1).last?.seq ?? 0 }
        var quietLooks = 0
        var page = ByteBuffer(string: ": events\n\n")
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            for event in try await plane.events(after: seq, limit: 256) {
                seq = event.seq
                page.writeString("id: \(event.seq)\nevent: \(event.kind)\ndata: ")
                page.writeBytes(try ControlJSON.encoder.encode(event))
                page.writeString("\n\n")
            }
            quietLooks = page.readableBytes > 0 ? 0 : quietLooks + 1
            if quietLooks == Self.looksPerComment {
                page.writeString(": alive\n\n")
                quietLooks = 0
            }
            if page.readableBytes > 0 { try await writer.write(page) }
            page.clear()
            try await Task.sleep(for: Self.interval)
        }
    }
}

extension HTTPField.Name {
    /// HTML, server-sent events, "The Last-Event-ID header".
    fileprivate static let lastEventID = Self("Last-Event-ID")!
}
