import Inventory

/// Something that happened.
public struct EventView: Hashable, Sendable, Codable {
    /// Its place in the order of all events; what `Last-Event-ID` takes.
    public var seq: Int64
    public var time: Time
    /// Stable and dotted: `boot.healthy`.
    public var kind: String
    public var subject: String
    public var message: String
    public var cause: String?

    public init(_ record: EventRecord) {
        seq = record.seq
        time = Time(record.time)
        kind = record.kind
        subject = record.subject
        message = record.message
        cause = record.cause
    }
}
