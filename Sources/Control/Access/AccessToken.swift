import Build
import Vocabulary

/// A bearer token, as the server keeps it: never the token itself.
public struct AccessToken: Hashable, Sendable, Codable {
    public var name: String
    public var role: Role
    /// SHA-256 of the whole token.
    public var hash: Digest
    public var created: Time
    /// nil for never.
    public var expires: Time?

    /// What every token begins with, so that people and scanners of repositories see what they have found.
    public static let prefix = "muster_"

    /// 256 bits from the system's random generator: nothing that anybody guesses, however often they may try.
    static func newSecret() -> String {
        let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
        var generator = SystemRandomNumberGenerator()
        // 52 characters of 5 bits each.
        let characters = (0..<52).map { _ in alphabet[Int(generator.next() as UInt64 >> 59)] }
        return prefix + String(decoding: characters, as: UTF8.self)
    }

    static func hash(of secret: some StringProtocol) -> Digest { Digest(of: secret.utf8) }

    public func isExpired(at now: Timestamp) -> Bool { expires.map { $0.timestamp <= now } ?? false }
}

/// A token without its hash: `GET /v1/tokens`.
public struct TokenView: Hashable, Sendable, Codable {
    public var name: String
    public var role: Role
    public var created: Time
    public var expires: Time?
    public var isExpired: Bool

    init(_ token: AccessToken, at now: Timestamp) {
        (name, role, created, expires) = (token.name, token.role, token.created, token.expires)
        isExpired = token.isExpired(at: now)
    }
}

/// `POST /v1/tokens`
public struct TokenRequest: Hashable, Sendable, Codable {
    public var name: String
    public var role: Role
    /// How long it is good for; nil for ever.
    public var expires: TimeSpan?

    public init(name: String, role: Role, expires: TimeSpan? = nil) {
        (self.name, self.role, self.expires) = (name, role, expires)
    }
}

extension TokenRequest: Audited {
    var auditSubject: String { "\(name) as \(role.rawValue)" + (expires.map { " for \($0)" } ?? "") }
}

/// A token that was just made, with its secret: the only time that anybody sees it.
public struct NewToken: Hashable, Sendable, Codable {
    public var token: TokenView
    /// What goes after `Authorization: Bearer`.
    public var secret: String
}
