import HTTPTypes
import Hummingbird
import Inventory
import NIOCore

/// The routes of the control plane.
struct ControlRoutes: Sendable {
    let plane: any ControlPlane
    private let builds = AwaitedBuilds()
    /// How the listeners themselves are.
    private let checks: @Sendable () -> [Readiness.Check]

    init(plane: any ControlPlane, checks: @escaping @Sendable () -> [Readiness.Check] = { [] }) {
        self.plane = plane
        self.checks = checks
    }

    typealias Context = ControlContext

    /// All of them: what is answered, and what `/v1/openapi.json` says.
    var all: [Route] { health + reading + writing + rolls + power + tokens + [events, logs, openAPI] }

    private var openAPI: Route {
        Route(.get, "/v1/openapi.json", "This document.", role: nil, answer: .json(JSONValue.self)) { call in
            try call.json(OpenAPIDocument(all).json)
        }
    }

    /// - Parameter door: which callers come through this listener.
    func router(_ door: Door) -> Router<Context> {
        let router = Router(context: Context.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: ProblemMiddleware())
        for route in all {
            router.on(RouterPath(route.path), method: route.method) { request, context in
                let caller = try await admit(request, on: context.channel, to: route, through: door)
                let call = Call(request: request, context: context, caller: caller) { await plane.record($0) }
                return try await Caller.$current.withValue(caller) { try await route.handle(call) }
            }
        }
        return router
    }

    /// Who asks, if they may.
    private func admit(
        _ request: Request,
        on channel: any Channel,
        to route: Route,
        through door: Door
    ) async throws -> Caller {
        var who = channel.remoteAddress?.ipAddress ?? "socket"
        do {
            guard route.role != nil else { return Caller(name: Caller.anonymous, role: nil) }
            let caller = try await door.caller(of: request, on: channel)
            if caller.name != Caller.anonymous { who = caller.name }
            try caller.check(route)
            return caller
        } catch {
            await plane.recordRefusal(of: who, "\(error)")
            throw error
        }
    }

    private var health: [Route] {
        [
            Route(.get, "/healthz", "Whether the server is alive.", role: nil, answer: .text("text/plain")) { _ in
                Response(
                    status: .ok,
                    headers: [.contentType: "text/plain"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: "ok\n"))
                )
            },
            Route(.get, "/readyz", "Whether the server does what it is for.", role: nil, answer: .json(Readiness.self))
            {
                call in
                let readiness = Readiness(checks: await plane.readiness().checks + checks())
                var response = try call.json(readiness)
                if !readiness.isReady { response.status = .serviceUnavailable }
                return response
            },
            Route(
                .get,
                "/metrics",
                "A page for Prometheus.",
                role: .viewer,
                answer: .text("text/plain; version=0.0.4; charset=utf-8")
            ) { _ in
                Response(
                    status: .ok,
                    headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: try await plane.metrics()))
                )
            },
        ]
    }

    private var reading: [Route] {
        [
            .get("/v1/machines", "Machines, by name.", query: [.names, .selector]) { call in
                try await plane.machines(MachineSelection(names: call.names, selector: call.query(.selector)))
            },
            .get("/v1/machines/{name}", "A machine with what happened to it.") { call in
                try await plane.machine(named: call.parameter("name"))
            },
            .get("/v1/machines/{name}/why", "Why a machine gets the answer that it gets.") { call in
                try await plane.why(machine: call.parameter("name"))
            },
            .get("/v1/profiles", "Profiles, by name.") { _ in try await plane.profiles() },
            .get("/v1/releases", "Releases of profiles.") { _ in try await plane.releases() },
            .get("/v1/images", "Images.") { _ in try await plane.images() },
            .get("/v1/leases", "DHCP leases.") { _ in try await plane.leases() },
            .get("/v1/boots", "Boots, the newest first.", query: [.names, .limit]) { call in
                try await plane.boots(of: call.names, limit: call.limit(upTo: 1000))
            },
        ]
    }

    private var writing: [Route] {
        [
            Route(
                .post,
                "/v1/apply",
                "Make the inventory what documents say.",
                role: .operator,
                request: ApplyRequest.self,
                answer: .json(ApplyReport.self)
            ) { call in
                let request: ApplyRequest = try await call.decode()
                guard !request.dryRun else { return Self.response(try await plane.apply(request)) }
                let sources = request.documents.map(\.source).joined(separator: ", ")
                return try await call.audited(sources) { Self.response(try await plane.apply(request)) }
            },
            build,
            .post("/v1/assign", "Give machines a profile.", takes: AssignRequest.self) { _, ask in
                try await plane.assign(ask)
            },
            .post("/v1/accept", "Take machines in that wait.", takes: AcceptRequest.self) { _, ask in
                try await plane.accept(ask)
            },
            .post("/v1/reject", "Refuse machines that wait.", takes: RejectRequest.self) { _, ask in
                try await plane.reject(ask)
            },
            .post("/v1/set", "Put machines into service or out of it.", takes: SetRequest.self) { _, ask in
                try await plane.set(ask)
            },
        ]
    }

    private var build: Route {
        Route(
            .post,
            "/v1/build",
            "Build a profile's image, or say how far it is.",
            role: .operator,
            request: BuildAsk.self,
            answer: .json(BuildView.self)
        ) { call in
            let ask: BuildAsk = try await call.decode()
            // Who waits for a build asks again and again: one line is enough for all of it.
            guard !builds.waits(call.caller, for: ask) else {
                return try call.json(builds.note(call.caller, try await plane.build(ask)))
            }
            let view = try await call.audited(ask.auditSubject) { try await plane.build(ask) }
            return try call.json(builds.note(call.caller, view))
        }
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
}
