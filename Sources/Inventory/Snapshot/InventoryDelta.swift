/// What one commit of the inventory changed, in full: the new state of everything that changed and nothing else.
public struct InventoryDelta: Hashable, Sendable {
    /// One more than the commit before.
    public var sequence: Int64
    public var changes: [InventoryChange]

    public init(sequence: Int64, changes: [InventoryChange]) {
        self.sequence = sequence
        self.changes = changes
    }
}

/// One thing's new state. There are many machines, and the others lie elsewhere, so that a list of changes is short.
public enum InventoryChange: Hashable, Sendable {
    case machine(Machine)
    case machineRemoved(name: String)
    indirect case profile(Profile)
    case profileRemoved(name: String)
    indirect case assignment(Assignment)
    case assignmentRemoved(identity: String)
    indirect case release(Release)
    /// The profile's machines are meant to have this release; nil for the newest.
    indirect case meant(profile: String, release: Int?)
}
