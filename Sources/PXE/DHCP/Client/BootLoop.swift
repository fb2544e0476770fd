import Vocabulary

/// How far a machine that keeps asking for its loader has come.
///
/// It is one of two. An iPXE whose name we do not know was given iPXE: a script ends that at once. Or a firmware whose
/// loader fails and that begins again: after some more tries it gets nothing to load for a while, goes on to its next
/// boot device, and may come back.
enum BootLoop: Hashable, Sendable {
    case none
    /// More often than a boot does.
    case begun
    /// So often that one more loader changes nothing.
    case hopeless
}

extension LoopGuard {
    /// Counts a request for a loader; retries of it have the same `xid`.
    mutating func observe(_ mac: MACAddress, xid: UInt32, now: Moment) -> (BootLoop, [Observation]) {
        switch record(mac, token: xid, now: now) {
        case .fine: (.none, [])
        case .looping: (.begun, [])
        case .hopeless: (.hopeless, [])
        case .began(let rate): (.begun, [.looping(mac, requestsPerMinute: rate)])
        }
    }
}
