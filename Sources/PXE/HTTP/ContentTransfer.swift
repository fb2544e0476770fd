import Vocabulary

/// A resource, or a part of one, on its way to a client.
struct ContentTransfer: Sendable {
    private(set) var cursor: ContentCursor
    let name: ResourceName
    let boot: BootID?
    let range: Range<UInt64>
    let total: UInt64
    /// The connection ends with it.
    let endsConnection: Bool
    let exchange: HTTPConnection.Exchange
    /// Bytes that the kernel has taken.
    private(set) var sent: UInt64 = 0

    /// - Parameter count: Bytes of the part that comes next, taken by the kernel.
    mutating func proceed(by count: UInt64) {
        cursor.advance(by: count)
        sent += count
    }

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
