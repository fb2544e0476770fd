import Rollout
import Vocabulary

/// Where one machine stands now: what it should become, what it gets, and the boot that it is in.
public struct MachineStanding: Hashable, Sendable {
    public var machine: String
    public var state: MachineBootState
    /// The boot that nothing has closed; nil for a machine that is not known to be in one.
    public var boot: OpenBoot?
    /// The address that it was last known to have.
    public var address: IPv4Address?
    /// When its system was last heard of; nil since the server started.
    public var lastHeard: Timestamp?

    public init(
        machine: String,
        state: MachineBootState,
        boot: OpenBoot? = nil,
        address: IPv4Address? = nil,
        lastHeard: Timestamp? = nil
    ) {
        self.machine = machine
        self.state = state
        self.boot = boot
        self.address = address
        self.lastHeard = lastHeard
    }
}
