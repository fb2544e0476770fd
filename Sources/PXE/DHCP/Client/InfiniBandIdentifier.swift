import Vocabulary

/// The Ethernet-like address of an InfiniBand port: the first and the last three octets of its GUID, as drivers,
/// iPXE and inventories write it.
enum InfiniBandIdentifier {
    /// From the client identifier, which on InfiniBand is mandatory and ends with the port's GUID (RFC 4390 §2.2).
    static func mac(of packet: DHCPPacket) -> MACAddress? {
        guard packet.chaddr.type == HardwareAddress.infiniBand else { return nil }
        let identifier = packet.options.clientIdentifier
        guard identifier.count >= 9 else { return nil }
        let guid = identifier.suffix(8)
        return MACAddress(octets: guid.prefix(3) + guid.suffix(3))
    }
}
