/// One thing that `muster doctor` looked at.
struct Finding: Hashable, Sendable, Codable {
    enum Verdict: String, Hashable, Sendable, Codable {
        case good
        /// It works, and something will bite.
        case warning
        case broken
    }

    /// What was looked at: `port 69/udp`.
    var subject: String
    var verdict: Verdict
    /// How it is.
    var message: String
    /// What to do; nil when there is nothing to do.
    var cure: String?

    static func good(_ subject: String, _ message: String) -> Finding {
        Finding(subject: subject, verdict: .good, message: message, cure: nil)
    }

    static func warning(_ subject: String, _ message: String, cure: String) -> Finding {
        Finding(subject: subject, verdict: .warning, message: message, cure: cure)
    }

    static func broken(_ subject: String, _ message: String, cure: String) -> Finding {
        Finding(subject: subject, verdict: .broken, message: message, cure: cure)
    }
}
