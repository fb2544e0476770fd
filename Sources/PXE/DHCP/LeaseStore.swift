import Vocabulary

/// Where leases are made durable. What is acknowledged on the wire was committed here first.
public protocol LeaseStore: Sendable {
    /// All leases that were ever committed, the latest state of each address: what a restart begins with.
    func leases() throws -> [Lease]

    /// Commits `leases` together (each replaces what was kept for its address) and then calls `done` once, on any
    /// thread, with true; with false when they could not be written, and nothing of them counts.
    func commit(_ leases: [Lease], done: @escaping @Sendable (_ written: Bool) -> Void)
}
