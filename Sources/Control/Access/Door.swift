import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Vocabulary

#if canImport(Glibc)
import Glibc
#endif

/// How a listener tells who its callers are.
enum Door: Sendable {
    /// A unix socket: whoever may open it may do everything.
    case socket
    /// TCP: a token says who calls. Who shows none is worth `anonymous`.
    case network(TokenFile, anonymous: Role?)

    /// - Throws: `ControlError` `.unauthorized` for a token that is none, or not any more.
    func caller(of request: Request, on channel: any Channel) async throws -> Caller {
        let reason = request.headers[.reason].map(Self.text)
        switch self {
        case .socket:
            let user = try await SocketPeer.user(of: channel)
            // The control plane as a process of its own is us: it says for whom it asks.
            if user == geteuid(), let caller = request.headers[.onBehalfOf].flatMap(Caller.init(header:)) {
                return Caller(name: caller.name, role: caller.role, reason: reason)
            }
            return Caller(name: SocketPeer.name(of: user), role: .admin, reason: reason)
        case .network(let tokens, let anonymous):
            guard let authorization = request.headers[.authorization] else {
                return Caller(name: Caller.anonymous, role: anonymous, reason: reason)
            }
            let token = try Self.token(authorization, among: tokens)
            return Caller(name: "token \(token.name)", role: token.role, reason: reason)
        }
    }

    private static func token(_ authorization: String, among tokens: TokenFile) throws -> AccessToken {
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw ControlError(.unauthorized, "the header Authorization has no bearer token (RFC 6750)")
        }
        guard let token = try tokens.token(parts[1]) else {
            throw ControlError(.unauthorized, "nobody has this token; it was removed, or it is another server's")
        }
        guard !token.isExpired(at: Moment.now().wall) else {
            throw ControlError(
                .unauthorized,
                "the token '\(token.name)' is expired; make one with `muster token create`"
            )
        }
        return token
    }

    /// A header's text: percent-encoded where it is more than a header may hold.
    private static func text(_ value: String) -> String {
        String((value.removingPercentEncoding ?? value).prefix(400)).replacing("\n", with: " ")
    }
}

extension Caller {
    /// As the control plane's own process hands it to the boot plane's: `operator token ci`.
    public var header: String { "\(role?.rawValue ?? "none") \(name)" }

    fileprivate init?(header: String) {
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        self.init(name: String(parts[1]), role: Role(rawValue: String(parts[0])))
    }

    /// - Throws: `ControlError` with the role that it takes.
    func check(_ route: Route) throws(ControlError) {
        guard let needed = route.role else { return }
        guard role.map({ $0 < needed }) ?? true else { return }
        try refuse("\(route.method) \(route.path)", needs: needed)
    }

    /// - Throws: `ControlError`: 401 for somebody who has shown nothing, 403 for somebody whose token is not enough.
    func refuse(_ what: String, needs needed: Role) throws(ControlError) {
        guard name != Self.anonymous else {
            throw ControlError(
                .unauthorized,
                "\(what) needs a token with the role \(needed.rawValue): `muster token create` makes one, on the server"
            )
        }
        throw ControlError(
            .forbidden,
            "\(what) needs the role \(needed.rawValue); \(name) has \(role.map { "the role \($0.rawValue)" } ?? "none")"
        )
    }

    static let anonymous = "anonymous"
}

extension HTTPField.Name {
    /// What a change is for.
    fileprivate static let reason = Self("Muster-Reason")!
    fileprivate static let onBehalfOf = Self("Muster-On-Behalf-Of")!
}
