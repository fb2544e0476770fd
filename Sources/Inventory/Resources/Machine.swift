import Vocabulary

/// A machine as people described it, with what was learned about it beside.
public struct Machine: Hashable, Sendable {
    /// One network card, and the address reserved for it.
    public struct NIC: Hashable, Sendable {
        public var mac: MACAddress
        public var address: IPv4Address?

        public init(mac: MACAddress, address: IPv4Address? = nil) {
            self.mac = mac
            self.address = address
        }
    }

    public enum State: String, Hashable, Sendable, Codable, CaseIterable {
        /// Boots, and counts in rolls.
        case active
        /// Boots, and counts in no budget.
        case maintenance
        /// Boots nothing any more; kept for its history.
        case retired
        /// Never accepted; boots nothing.
        case rejected
    }

    /// Unique; what people, the kernel command line and the URLs call it.
    public var name: String
    /// At least one; the first is the one that is shown.
    public var nics: [NIC]
    public var labels: [String: String]
    /// For the templates of the machine segment; win over the profile's.
    public var values: [String: JSONValue]
    /// The machine's own profile; nil leaves it to the assignments.
    public var profile: String?
    public var uuid: MachineUUID?
    public var serial: String?
    public var architecture: Architecture?
    public var state: State
    /// A loader file instead of the table's.
    public var loader: String?
    /// How its management controller is reached, as written; not used yet.
    public var bmc: [String: JSONValue]
    /// The image that it is held on, whatever its profile becomes.
    public var pinnedImage: Digest?
    /// What it said about itself on the wire; never written by people.
    public var facts: MachineFacts?

    public init(
        name: String,
        nics: [NIC],
        labels: [String: String] = [:],
        values: [String: JSONValue] = [:],
        profile: String? = nil,
        uuid: MachineUUID? = nil,
        serial: String? = nil,
        architecture: Architecture? = nil,
        state: State = .active,
        loader: String? = nil,
        bmc: [String: JSONValue] = [:],
        pinnedImage: Digest? = nil,
        facts: MachineFacts? = nil
    ) {
        self.name = name
        self.nics = nics
        self.labels = labels
        self.values = values
        self.profile = profile
        self.uuid = uuid
        self.serial = serial
        self.architecture = architecture
        self.state = state
        self.loader = loader
        self.bmc = bmc
        self.pinnedImage = pinnedImage
        self.facts = facts
    }

    public var macs: [MACAddress] { nics.map(\.mac) }

    /// The address reserved for one of its cards; nil when a pool may serve it.
    public func address(of mac: MACAddress) -> IPv4Address? { nics.first { $0.mac == mac }?.address }

    /// False for machines that must not be given anything to boot.
    public var mayBoot: Bool { state == .active || state == .maintenance }
}

/// What a machine said about itself in DHCP and scripts. Claims, shown to people and matched by assignments where
/// the machine's description says nothing.
public struct MachineFacts: Hashable, Sendable, Codable {
    public var uuid: MachineUUID?
    public var serial: String?
    public var architecture: Architecture?
    /// Option 60 as text, if it was text.
    public var vendorClass: String?
    /// Option 12 as text, if it was text.
    public var hostName: String?
    public var lastSeen: Timestamp

    public init(
        uuid: MachineUUID? = nil,
        serial: String? = nil,
        architecture: Architecture? = nil,
        vendorClass: String? = nil,
        hostName: String? = nil,
        lastSeen: Timestamp
    ) {
        self.uuid = uuid
        self.serial = serial
        self.architecture = architecture
        self.vendorClass = vendorClass
        self.hostName = hostName
        self.lastSeen = lastSeen
    }
}
