/// One document of an apply file.
public enum Resource: Hashable, Sendable {
    indirect case profile(Profile)
    case machine(MachineResource)
    indirect case assignment(Assignment)

    public var kind: String {
        switch self {
        case .profile: "Profile"
        case .machine: "Machine"
        case .assignment: "Assignment"
        }
    }

    /// Its name; a rule without one goes by its selector.
    public var name: String {
        switch self {
        case .profile(let profile): profile.name
        case .machine(let machine): machine.machine.name
        case .assignment(let assignment): assignment.identity
        }
    }
}

/// A machine as a file describes it. What a file leaves out and `muster` commands set or the wire taught
/// (profile, state, UUID, serial, architecture, pin, facts) stays as it is; `profile: null` takes the profile away.
public struct MachineResource: Hashable, Sendable {
    /// The keys that the file may leave out without taking anything away.
    public enum Key: String, Hashable, Sendable { case profile, uuid, serial, arch, state }

    public var machine: Machine
    /// Those of the keys that the file has.
    public var given: Set<Key>

    public init(machine: Machine, given: Set<Key> = [.profile, .uuid, .serial, .arch, .state]) {
        self.machine = machine
        self.given = given
    }

    /// The machine that results when `existing` is known already.
    public func merged(over existing: Machine?) -> Machine {
        guard let existing else { return machine }
        var result = machine
        if !given.contains(.profile) { result.profile = existing.profile }
        if !given.contains(.uuid) { result.uuid = existing.uuid }
        if !given.contains(.serial) { result.serial = existing.serial }
        if !given.contains(.arch) { result.architecture = existing.architecture }
        // A machine that was turned away and is now described has been accepted.
        if !given.contains(.state) { result.state = existing.state == .rejected ? .active : existing.state }
        result.pinnedImage = existing.pinnedImage
        result.facts = existing.facts
        return result
    }
}
