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

        /// What it is, after "is": "in maintenance", "retired".
        public var phrase: String { self == .maintenance ? "in maintenance" : rawValue }
    }

    /// All of it lies behind one reference and is copied when one of several holders changes it, so that a look-up among
    /// a hundred thousand machines touches no more memory than one among ten.
    private var storage: Storage

    /// Unique; what people, the kernel command line and the URLs call it.
    public var name: String {
        get { fields.name }
        _modify { yield &fields.name }
    }
    /// At least one; the first is the one that is shown.
    public var nics: [NIC] {
        get { fields.nics }
        _modify { yield &fields.nics }
    }
    public var labels: [String: String] {
        get { fields.labels }
        _modify { yield &fields.labels }
    }
    /// For the templates of the machine segment; win over the profile's.
    public var values: [String: JSONValue] {
        get { fields.values }
        _modify { yield &fields.values }
    }
    /// The machine's own profile; nil leaves it to the assignments.
    public var profile: String? {
        get { fields.profile }
        _modify { yield &fields.profile }
    }
    public var uuid: MachineUUID? {
        get { fields.uuid }
        _modify { yield &fields.uuid }
    }
    public var serial: String? {
        get { fields.serial }
        _modify { yield &fields.serial }
    }
    public var architecture: Architecture? {
        get { fields.architecture }
        _modify { yield &fields.architecture }
    }
    public var state: State {
        get { fields.state }
        _modify { yield &fields.state }
    }
    /// A loader file instead of the table's.
    public var loader: String? {
        get { fields.loader }
        _modify { yield &fields.loader }
    }
    /// How it is switched from outside, as written; `powerAccess()` reads it.
    public var bmc: [String: JSONValue] {
        get { fields.bmc }
        _modify { yield &fields.bmc }
    }
    /// The image that it is held on, whatever its profile becomes.
    public var pinnedImage: Digest? {
        get { fields.pinnedImage }
        _modify { yield &fields.pinnedImage }
    }
    /// What it said about itself on the wire; never written by people.
    public var facts: MachineFacts? {
        get { fields.facts }
        _modify { yield &fields.facts }
    }

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
        let fields = Fields(
            name: name,
            nics: nics,
            labels: labels,
            values: values,
            profile: profile,
            uuid: uuid,
            serial: serial,
            architecture: architecture,
            state: state,
            loader: loader,
            bmc: bmc,
            pinnedImage: pinnedImage,
            facts: facts
        )
        storage = Storage(fields)
    }

    public var macs: [MACAddress] { nics.map(\.mac) }
    /// The hardware's: what people call it, else the product that its firmware names; nil when neither is known.
    public var model: String? { labels["model"] ?? facts?.product }

    /// The address reserved for one of its cards; nil when a pool may serve it.
    public func address(of mac: MACAddress) -> IPv4Address? { nics.first { $0.mac == mac }?.address }

    /// False for machines that must not be given anything to boot.
    public var mayBoot: Bool { state == .active || state == .maintenance }
}

extension Machine {
    fileprivate struct Fields: Hashable, Sendable {
        var name: String
        var nics: [NIC]
        var labels: [String: String]
        var values: [String: JSONValue]
        var profile: String?
        var uuid: MachineUUID?
        var serial: String?
        var architecture: Architecture?
        var state: State
        var loader: String?
        var bmc: [String: JSONValue]
        var pinnedImage: Digest?
        var facts: MachineFacts?
    }

    /// `@unchecked`: `fields` below is all that changes it, and only while one `Machine`, which is being changed and so
    /// in nobody else's hands, is the only one that refers to it.
    fileprivate final class Storage: @unchecked Sendable {
        var fields: Fields

        init(_ fields: Fields) { self.fields = fields }
    }

    fileprivate var fields: Fields {
        _read { yield storage.fields }
        _modify {
            if !isKnownUniquelyReferenced(&storage) { storage = Storage(storage.fields) }
            yield &storage.fields
        }
    }

    public static func == (a: Machine, b: Machine) -> Bool { a.storage === b.storage || a.fields == b.fields }

    public func hash(into hasher: inout Hasher) { hasher.combine(fields) }
}

/// What a machine said about itself in DHCP, scripts and reports. Claims, shown to people and matched by assignments where
/// the machine's description says nothing.
public struct MachineFacts: Hashable, Sendable, Codable {
    public var uuid: MachineUUID?
    public var serial: String?
    public var architecture: Architecture?
    /// Option 60 as text, if it was text.
    public var vendorClass: String?
    /// Option 12 as text, if it was text.
    public var hostName: String?
    /// What its last system found out about it: CPUs, memory, disks … nil before one reported.
    public var reported: [String: JSONValue]?
    public var lastSeen: Timestamp

    public init(
        uuid: MachineUUID? = nil,
        serial: String? = nil,
        architecture: Architecture? = nil,
        vendorClass: String? = nil,
        hostName: String? = nil,
        reported: [String: JSONValue]? = nil,
        lastSeen: Timestamp
    ) {
        self.uuid = uuid
        self.serial = serial
        self.architecture = architecture
        self.vendorClass = vendorClass
        self.hostName = hostName
        self.reported = reported
        self.lastSeen = lastSeen
    }

    /// The product that its firmware names.
    public var product: String? {
        guard case .string(let product)? = reported?["product"] else { return nil }
        return product
    }
}
