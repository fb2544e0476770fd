import Vocabulary

/// A resource, or a part of one, on its way to a client.
struct ContentTransfer: Sendable {
    var cursor: ContentCursor
    let name: ResourceName
    let boot: BootID?
    let range: Range<UInt64>
    let total: UInt64
    /// The connection ends with it.
    let endsConnection: Bool
    /// Bytes that the kernel has taken.
    var sent: UInt64 = 0

    func observation(peer: IPv4Address) -> Transfer {
        Transfer(
            carrier: .http,
            peer: peer,
            name: name,
            boot: boot,
            range: range.lowerBound..<range.lowerBound + sent,
            total: total
        )
    }
}
