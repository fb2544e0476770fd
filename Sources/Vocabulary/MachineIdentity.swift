/// What a machine says about who it is when it asks for something. Every part of it is a claim.
public struct MachineIdentity: Hashable, Sendable {
    /// The NIC that it boots from.
    public var mac: MACAddress?
    /// Never a placeholder: those are dropped at the edge.
    public var uuid: MachineUUID?
    /// Never a filler such as "To be filled by O.E.M.": those are dropped at the edge.
    public var serial: String?
    public var architecture: Architecture?

    public init(
        mac: MACAddress? = nil,
        uuid: MachineUUID? = nil,
        serial: String? = nil,
        architecture: Architecture? = nil
    ) {
        self.mac = mac
        self.uuid = uuid.flatMap { $0.isPlaceholder ? nil : $0 }
        self.serial = serial.flatMap(Self.meaningful(serial:))
        self.architecture = architecture
    }

    /// A serial number without surrounding blanks; nil when it is one of the fillers that board makers ship.
    static func meaningful(serial: String) -> String? {
        let utf8 = serial.utf8
        guard let first = utf8.firstIndex(where: { $0 > 0x20 }), let last = utf8.lastIndex(where: { $0 > 0x20 }) else {
            return nil
        }
        let trimmed = String(serial[first...last])
        let folded = trimmed.lowercased()
        let isFiller =
            fillers.contains(folded) || folded.utf8.allSatisfy { $0 == folded.utf8.first }
        return isFiller ? nil : trimmed
    }

    private static let fillers: Set<String> = [
        "to be filled by o.e.m.", "to be filled by o.e.m", "default string", "not specified", "not applicable",
        "system serial number", "chassis serial number", "none", "n/a", "na", "unknown", "empty", "invalid",
        "123456789", "1234567890", "0123456789", "o.e.m.", "oem",
    ]
}
