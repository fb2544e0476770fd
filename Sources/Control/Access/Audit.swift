import HTTPTypes
import Hummingbird

/// A request that changes something, as the line about it names it.
protocol Audited {
    /// What it is done to, in a few words: `web to n[1-4]`.
    var auditSubject: String { get }
}

/// One line for the audit: who did what to what, why, and how it ended.
public struct AuditNote: Hashable, Sendable {
    public var caller: Caller
    /// `POST /v1/assign web to n[1-4]`
    public var deed: String
    /// nil when it was done; else why it was not.
    public var failure: String?

    public init(caller: Caller, deed: String, failure: String? = nil) {
        self.caller = caller
        self.deed = deed
        self.failure = failure
    }

    /// `POST /v1/assign web to n[1-4]: done`
    public var sentence: String { "\(deed): \(failure.map { "not done: \($0)" } ?? "done")" }
}

extension Call {
    /// Does what a route changes and leaves the line that says so, whatever comes of it.
    ///
    /// - Parameter subject: what it is done to, where the path does not say.
    func audited<Value>(_ subject: String = "", _ body: () async throws -> Value) async throws -> Value {
        let words = subject.prefix(Self.longestSubject).replacing("\n", with: " ")
        let deed = "\(request.method) \(request.uri.path)" + (words.isEmpty ? "" : " " + words)
        do {
            let value = try await body()
            await record(AuditNote(caller: caller, deed: deed))
            return value
        } catch {
            await record(AuditNote(caller: caller, deed: deed, failure: "\(error)"))
            throw error
        }
    }

    private static var longestSubject: Int { 400 }
}
