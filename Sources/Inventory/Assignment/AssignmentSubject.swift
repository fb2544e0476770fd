import Vocabulary

/// A machine as assignments see it: what was written about it, and what it says itself where nothing was written.
public struct AssignmentSubject: Hashable, Sendable {
    public var macs: [MACAddress]
    public var uuid: MachineUUID?
    public var serial: String?
    public var addresses: [IPv4Address]
    public var labels: [String: String]
    public var architecture: Architecture?

    public init(
        macs: [MACAddress] = [],
        uuid: MachineUUID? = nil,
        serial: String? = nil,
        addresses: [IPv4Address] = [],
        labels: [String: String] = [:],
        architecture: Architecture? = nil
    ) {
        self.macs = macs
        self.uuid = uuid
        self.serial = serial
        self.addresses = addresses
        self.labels = labels
        self.architecture = architecture
    }

    /// - Parameters:
    ///   - identity: what the machine says now.
    ///   - address: where it asks from; its reservations come first.
    public init(machine: Machine, identity: MachineIdentity = MachineIdentity(), address: IPv4Address? = nil) {
        macs = machine.macs
        uuid = machine.uuid ?? identity.uuid ?? machine.facts?.uuid
        serial = machine.serial ?? identity.serial ?? machine.facts?.serial
        addresses = machine.nics.compactMap(\.address)
        if addresses.isEmpty, let address { addresses = [address] }
        labels = machine.labels
        architecture = machine.architecture ?? identity.architecture ?? machine.facts?.architecture
    }
}

extension Assignment.Selector {
    /// Whether every part that is given matches; a selector without any part matches nothing.
    public func matches(_ subject: AssignmentSubject) -> Bool {
        guard !isEmpty else { return false }
        if let mac, !subject.macs.contains(where: mac.matches) { return false }
        if let uuid, subject.uuid != uuid { return false }
        if let serial, !(subject.serial.map(serial.matches) ?? false) { return false }
        if let subnet, !subject.addresses.contains(where: subnet.contains) { return false }
        if let architecture, subject.architecture != architecture { return false }
        return labels.allSatisfy { subject.labels[$0.key] == $0.value }
    }

    public var isEmpty: Bool {
        mac == nil && uuid == nil && serial == nil && subnet == nil && labels.isEmpty && architecture == nil
            && !isDefault
    }
}
