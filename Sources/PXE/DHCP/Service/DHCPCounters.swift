import Vocabulary

/// What the DHCP service did since it started.
public struct DHCPCounters: Hashable, Sendable {
    /// Datagrams to port 67 and 4011.
    public var received: UInt64 = 0
    /// What of it was no DHCP packet that anybody may answer.
    public var malformed: UInt64 = 0
    public var discovers: UInt64 = 0
    public var requests: UInt64 = 0
    public var informs: UInt64 = 0
    public var offers: UInt64 = 0
    public var acks: UInt64 = 0
    public var naks: UInt64 = 0
    /// Answers to LEASEQUERY.
    public var leaseAnswers: UInt64 = 0
    /// What parsed and got no reply, by reason.
    public var ignored: [DHCPIgnored: UInt64] = [:]
    /// Replies that did not leave.
    public var sendFailures: UInt64 = 0
    /// Batches of leases that could not be written.
    public var storeFailures: UInt64 = 0
    /// Leases that were prolonged although they could not be written.
    public var unwrittenRenewals: UInt64 = 0

    /// From a datagram's arrival to its reply's leaving.
    public var responses: Histogram.Snapshot?

    public init() {}

    mutating func count(sent type: DHCPMessageType?) {
        switch type {
        case .offer: offers += 1
        case .ack: acks += 1
        case .nak: naks += 1
        default: leaseAnswers += 1
        }
    }

    mutating func count(received type: DHCPMessageType?) {
        switch type {
        case .discover: discovers += 1
        case .request: requests += 1
        case .inform: informs += 1
        default: break
        }
    }

    mutating func count(_ reason: DHCPIgnored) { ignored[reason, default: 0] += 1 }

    static func += (sum: inout DHCPCounters, more: DHCPCounters) {
        sum.received += more.received
        sum.malformed += more.malformed
        sum.discovers += more.discovers
        sum.requests += more.requests
        sum.informs += more.informs
        sum.offers += more.offers
        sum.acks += more.acks
        sum.naks += more.naks
        sum.leaseAnswers += more.leaseAnswers
        if !more.ignored.isEmpty { sum.ignored.merge(more.ignored, uniquingKeysWith: +) }
        sum.sendFailures += more.sendFailures
        sum.storeFailures += more.storeFailures
        sum.unwrittenRenewals += more.unwrittenRenewals
    }
}
