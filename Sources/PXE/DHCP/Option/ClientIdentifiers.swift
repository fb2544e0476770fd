import Vocabulary

/// Options 61 and 97: who a client says it is, beside its hardware address.
extension DHCPOptions {
    /// Option 61 (RFC 2132 §9.14: at least two octets); empty when there is none worth the name.
    public var clientIdentifier: [UInt8] {
        guard let value = self[.clientIdentifier], value.count >= 2 else { return [] }
        return Array(value)
    }

    /// Option 97: a type octet, 0, and 16 of UUID (RFC 4578 §2.3); nil when it is malformed or a placeholder.
    public var machineUUID: MachineUUID? {
        guard let value = self[.clientMachineIdentifier], value.count == 17, value.first == 0,
            let uuid = MachineUUID(option97: value.dropFirst()), !uuid.isPlaceholder
        else { return nil }
        return uuid
    }
}
