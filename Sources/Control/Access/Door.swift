import Hummingbird
import NIOCore

/// How a listener tells who its callers are.
enum Door: Sendable {
    /// A unix socket: whoever may open it may do everything.
    case socket
    /// TCP: what nobody says about themselves is worth this.
    case network(anonymous: Role?)

    func caller(of request: Request, on channel: any Channel) async throws -> Caller {
        switch self {
        case .socket: Caller(name: "socket", role: .admin)
        case .network(let anonymous): Caller(name: "anonymous", role: anonymous)
        }
    }
}

extension Caller {
    /// - Throws: `ControlError` with the role that it takes.
    func check(_ route: Route) throws(ControlError) {
        guard let needed = route.role else { return }
        guard let role, role >= needed else {
            throw ControlError(.forbidden, "\(route.method) \(route.path) needs the role \(needed.rawValue)")
        }
    }
}
