import Vocabulary

/// A rule that gives machines without a profile of their own one.
public struct Assignment: Hashable, Sendable {
    /// Which machines; every part that is given must match.
    public struct Selector: Hashable, Sendable {
        public var mac: MACPattern?
        public var uuid: MachineUUID?
        public var serial: SerialPattern?
        public var subnet: IPv4Network?
        public var labels: [String: String]
        public var architecture: Architecture?
        /// Matches every machine.
        public var isDefault: Bool

        public init(
            mac: MACPattern? = nil,
            uuid: MachineUUID? = nil,
            serial: SerialPattern? = nil,
            subnet: IPv4Network? = nil,
            labels: [String: String] = [:],
            architecture: Architecture? = nil,
            isDefault: Bool = false
        ) {
            self.mac = mac
            self.uuid = uuid
            self.serial = serial
            self.subnet = subnet
            self.labels = labels
            self.architecture = architecture
            self.isDefault = isDefault
        }
    }

    /// Its own name; nil when it goes by its selector and priority.
    public var name: String?
    public var selector: Selector
    public var profile: String
    /// Among equally specific rules the highest wins.
    public var priority: Int

    public init(name: String? = nil, selector: Selector, profile: String, priority: Int = 0) {
        self.name = name
        self.selector = selector
        self.profile = profile
        self.priority = priority
    }

    /// What tells it from others: applying a rule with the same identity replaces it.
    public var identity: String { name ?? "\(selector) priority \(priority)" }
}

extension Assignment.Selector: CustomStringConvertible {
    /// The same text for the same machines: `mac=52:54:* labels=rack=r7,role=web arch=arm64`.
    public var description: String {
        var parts: [String] = []
        if let mac { parts.append("mac=\(mac)") }
        if let uuid { parts.append("uuid=\(uuid)") }
        if let serial { parts.append("serial=\(serial)") }
        if let subnet { parts.append("subnet=\(subnet)") }
        if !labels.isEmpty {
            parts.append("labels=" + labels.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: ","))
        }
        if let architecture { parts.append("arch=\(architecture)") }
        if isDefault { parts.append("default") }
        return parts.joined(separator: " ")
    }
}
