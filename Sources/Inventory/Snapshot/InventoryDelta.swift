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

/// One thing's new state.
public enum InventoryChange: Hashable, Sendable {
    case machine(Machine)
    case machineRemoved(name: String)
    case profile(Profile)
    case profileRemoved(name: String)
    case assignment(Assignment)
    case assignmentRemoved(identity: String)
    case release(Release)
}
