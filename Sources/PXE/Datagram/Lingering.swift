/// Whether a loop looks for its next event for a moment before it sleeps.
///
/// To sleep and to be woken costs tens of microseconds, in a virtual machine more than most events: the idle processor
/// must be woken by an interrupt, for which the sender leaves its guest. A loop lingers when its last wait was shorter
/// than the limit, however it was spent, so that one that waits for slow peers, or for nobody, never does, and a wrong
/// guess costs the limit once (competitive spinning, Karlin et al., SOSP 1991).
struct Lingering: Hashable, Sendable {
    /// Nanoseconds; 0 for never.
    let limit: UInt64
    private(set) var isWorthwhile = false

    init(limit: UInt64) { self.limit = limit }

    /// - Parameter time: nanoseconds from when there was nothing left to do until there was again.
    mutating func waited(_ time: UInt64) { isWorthwhile = time < limit }
}
