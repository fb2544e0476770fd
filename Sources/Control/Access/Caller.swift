/// Who asks, what they may do, and what they say they do it for.
public struct Caller: Hashable, Sendable {
    /// `root` for a user of this host, `token ci` for whoever has that token, `anonymous`.
    public var name: String
    /// nil for nothing but what is open to everybody.
    public var role: Role?
    /// For the audit line; nil when none was given.
    public var reason: String?

    public init(name: String, role: Role?, reason: String? = nil) {
        self.name = name
        self.role = role
        self.reason = reason
    }

    /// Whoever the request that is being answered comes from; nil outside of one.
    @TaskLocal public static var current: Caller?
}
