/// What a caller may do; each role may do what those before it may.
public enum Role: String, Hashable, Sendable, Codable, CaseIterable, Comparable {
    /// Looks at everything but what containers write.
    case viewer
    /// Runs the fleet: assigns, accepts, rolls, switches power, applies what people wrote.
    case `operator`
    /// Everything: tokens, and applying what runs programs or reads secrets and files on the server.
    case admin

    public static func < (a: Role, b: Role) -> Bool { a.rank < b.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
