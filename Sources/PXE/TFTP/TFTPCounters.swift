/// What the TFTP server did since it started.
public struct TFTPCounters: Hashable, Sendable {
    /// Read requests that parsed.
    public var requests: UInt64 = 0
    /// Requests that came again while their transfer ran.
    public var repeatedRequests: UInt64 = 0
    /// Requests refused with an ERROR, by what the client was told.
    public var refusedRequests: [TFTPError.Code: UInt64] = [:]
    /// Datagrams that were no TFTP, or came from port 0, or had nothing to do with any transfer.
    public var ignoredDatagrams: UInt64 = 0
    /// Datagrams to a transfer's port from somebody else, answered with ERROR 5.
    public var strays: UInt64 = 0
    /// Requests dropped because as many transfers as allowed were running.
    public var overload: UInt64 = 0
    public var completed: UInt64 = 0
    /// Ended by the client's ERROR.
    public var aborted: UInt64 = 0
    public var timedOut: UInt64 = 0
    /// Ended by us: a file that could not be read, a client that began anew, or the server's end.
    public var abandoned: UInt64 = 0
    /// DATA packets, repetitions included.
    public var blocks: UInt64 = 0
    /// Bytes of transfers that ended, as far as they came, each once.
    public var bytes: UInt64 = 0
    /// Times that something was sent again.
    public var repetitions: UInt64 = 0
    /// Sends that the kernel refused.
    public var failedSends: UInt64 = 0
    /// Running now.
    public var active = 0

    public init() {}
}
