import Vocabulary

/// Something that happened, for people and programs that watch.
public struct EventRecord: Hashable, Sendable {
    /// Given by the ledger when it is written; 0 before.
    public var seq: Int64
    public var time: Timestamp
    /// Stable and dotted: `boot.healthy`, `dhcp.rogueServer`.
    public var kind: String
    /// What it is about: a machine's name, a MAC, a network; empty when about the server.
    public var subject: String
    /// A sentence.
    public var message: String
    public var cause: String?

    public init(
        seq: Int64 = 0,
        time: Timestamp,
        kind: String,
        subject: String = "",
        message: String,
        cause: String? = nil
    ) {
        self.seq = seq
        self.time = time
        self.kind = kind
        self.subject = subject
        self.message = message
        self.cause = cause
    }
}
