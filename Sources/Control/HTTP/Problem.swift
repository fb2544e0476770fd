import Hummingbird
import NIOCore

/// A problem as RFC 9457 writes it.
public struct Problem: Hashable, Sendable, Codable {
    /// Always `about:blank`: the status says what kind it is (RFC 9457 §4.2.1).
    public var type = "about:blank"
    public var title: String
    public var status: Int
    /// What was tried, on what, and what to do.
    public var detail: String

    public init(title: String, status: Int, detail: String) {
        self.title = title
        self.status = status
        self.detail = detail
    }

    init(_ error: ControlError) {
        self.init(title: error.code.title, status: error.code.status, detail: error.message)
    }
}

/// Turns every error of the routes into a problem: the one place that does.
struct ProblemMiddleware<Context: RequestContext>: RouterMiddleware {
    func handle(
        _ request: Request,
        context: Context,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let problem = describe(error, request: request)
            if problem.status >= 500 {
                context.logger.error("request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
            }
            var response = Response(
                status: .init(code: problem.status),
                headers: [.contentType: "application/problem+json"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: try ControlJSON.encoder.encode(problem)))
            )
            // RFC 6750 §3.
            if response.status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
            return response
        }
    }

    private func describe(_ error: any Error, request: Request) -> Problem {
        switch error {
        case let error as ControlError:
            return Problem(error)
        case let error as HTTPError where error.status == .notFound:
            return Problem(ControlError(.notFound, "there is no \(request.method) \(request.uri.path)"))
        case let error as HTTPError:
            let detail = error.body ?? error.status.reasonPhrase
            return Problem(title: error.status.reasonPhrase, status: error.status.code, detail: detail)
        case let error as any HTTPResponseError:
            let status = error.status
            return Problem(title: status.reasonPhrase, status: status.code, detail: "\(error)")
        default:
            return Problem(title: "Internal error", status: 500, detail: "\(error)")
        }
    }
}
