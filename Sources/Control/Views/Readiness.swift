/// Whether the server does what it is for: `GET /readyz`.
public struct Readiness: Hashable, Sendable, Codable {
    /// One thing that it needs for that.
    public struct Check: Hashable, Sendable, Codable {
        public var name: String
        public var isReady: Bool
        /// What is wrong and what to do, or how it is.
        public var message: String

        public init(name: String, isReady: Bool, message: String) {
            self.name = name
            self.isReady = isReady
            self.message = message
        }
    }

    public var checks: [Check]
    public var isReady: Bool

    public init(checks: [Check]) {
        self.checks = checks
        isReady = checks.allSatisfy(\.isReady)
    }
}
