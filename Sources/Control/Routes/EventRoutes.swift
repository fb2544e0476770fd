import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

extension ControlRoutes {
    /// `/v1/events`: server-sent events that begin after `Last-Event-ID`, or JSON when the client asks for that.
    func addEvents(to api: RouterGroup<Context>) {
        api.get("events") { request, context in
            let after = try lastEvent(of: request)
            guard request.headers[.accept]?.contains("text/event-stream") == true else {
                let events = try await plane.events(after: after, limit: limit(of: request, upTo: 1000))
                return try context.responseEncoder.encode(events, from: request, context: context)
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

    private func lastEvent(of request: Request) throws -> Int64? {
        let text = request.headers[.lastEventID] ?? request.uri.queryParameters["after"].map(String.init)
        guard let text else { return nil }
        guard let seq = Int64(text), seq >= 0 else {
            throw ControlError(.invalid, "Last-Event-ID: found '\(text)', expected an event's number")
        }
        return seq
    }

    /// Writes what there is after `seq` and then what comes, until the client or the server goes. Where
    /// nothing happened, a comment lets both notice that the other is gone.
    private func write(to writer: inout some ResponseBodyWriter, after seq: Int64?) async throws {
        var seq = seq
        let wakeups = plane.eventSignals().cancelOnGracefulShutdown()
        try await writer.write(ByteBuffer(string: ": events\n\n"))
        if seq == nil { seq = try await plane.events(after: nil, limit: 1).last?.seq ?? 0 }
        for await _ in wakeups {
            var page = ByteBuffer(string: ": alive\n\n")
            while true {
                for event in try await plane.events(after: seq, limit: 256) {
                    seq = event.seq
                    let data = try ControlJSON.encoder.encode(event)
                    page.writeString("id: \(event.seq)\nevent: \(event.kind)\ndata: ")
                    page.writeBytes(data)
                    page.writeString("\n\n")
                }
                guard page.readableBytes > 0 else { break }
                try await writer.write(page)
                page.clear()
            }
        }
    }
}

extension HTTPField.Name {
    /// HTML, server-sent events, "The Last-Event-ID header".
    fileprivate static let lastEventID = Self("Last-Event-ID")!
}
