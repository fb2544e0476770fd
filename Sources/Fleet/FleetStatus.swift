/// How the fleet's own parts are, for `muster doctor`, `/readyz` and everything else that a person looks at.
public struct FleetStatus: Hashable, Sendable {
    /// Why the ledger cannot be written; nil when it can. While it is not nil nothing new is granted.
    public var ledgerFailure: String?
    /// Why the inventory cannot be used; nil when it can. Machines boot from the snapshot meanwhile.
    public var inventoryFailure: String?
    /// The inventory's last commit that the boot plane answers from.
    public var snapshotSequence: Int64
    public var machines: Int
    /// Unknown machines that wait to be accepted.
    public var waiting: Int
    /// Machines between script and last byte, and machines waiting for a place.
    public var downloading: Int
    public var queued: Int
    /// Machines whose agent waits for an order, and questions about logs that are being answered.
    public var agentsWaiting: Int
    public var logsOpen: Int
    /// Why no roll is driven; nil when they are.
    public var rollsIdle: String?

    public var isHealthy: Bool { ledgerFailure == nil && inventoryFailure == nil }
}
