import Vocabulary

/// A machine that asked for a script and that nobody has described; one row a MAC.
public struct WaitingMachine: Hashable, Sendable {
    public var mac: MACAddress
    public var uuid: MachineUUID?
    public var serial: String?
    public var architecture: Architecture?
    /// Where it asked from.
    public var address: IPv4Address?
    public var firstSeen: Timestamp
    public var lastSeen: Timestamp
    /// True once somebody described it, accepted it or rejected it: kept as history, shown no more.
    public var isSettled: Bool

    public init(
        mac: MACAddress,
        uuid: MachineUUID? = nil,
        serial: String? = nil,
        architecture: Architecture? = nil,
        address: IPv4Address? = nil,
        firstSeen: Timestamp,
        lastSeen: Timestamp,
        isSettled: Bool = false
    ) {
        self.mac = mac
        self.uuid = uuid
        self.serial = serial
        self.architecture = architecture
        self.address = address
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.isSettled = isSettled
    }

    /// What it is called until somebody names it: `m` and its MAC without separators.
    public var provisionalName: String { "m" + hexadecimal(mac.octets) }
}
