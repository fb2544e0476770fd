import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix

/// Asks an operator's HTTP server, with a time limit.
struct HookRequest: Sendable {
    enum Answer: Hashable, Sendable {
        /// The status, and of the body at most `HookRequest.mostBody` bytes.
        case answered(Int, String)
        /// Why nobody answered in time.
        case none(String)

        /// What was said last: a reason.
        var lastLine: String? {
            switch self {
            case .answered(_, let body): HookText.lastLine(of: body)
            case .none(let reason): reason
            }
        }
    }

    static let mostBody = 1 << 20

    var url: String
    var limit: Duration

    func get() async -> Answer { await send(HTTPClientRequest(url: url)) }

    /// - Parameter json: the body.
    func post(json: String) async -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = .bytes(ByteBuffer(string: json))
        return await send(request)
    }

    private func send(_ request: HTTPClientRequest) async -> Answer {
        do {
            let limit = TimeAmount.nanoseconds(Int64(self.limit / .nanoseconds(1)))
            let response = try await HTTPClient.shared.execute(request, timeout: limit)
            let body = try await response.body.collect(upTo: Self.mostBody)
            return .answered(Int(response.status.code), String(buffer: body))
        } catch is NIOTooManyBytesError {
            return .none("an answer of more than \(Self.mostBody) bytes")
        } catch {
            return .none(NoAnswer.words(error, after: limit))
        }
    }
}
