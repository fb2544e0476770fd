import Vocabulary

/// A router advertisement that says "here is nobody": router lifetime 0, no prefix, no DNS (RFC 4861 4.2).
///
/// iPXE waits up to 16 s for one in a network without a router; with lifetime 0 no host takes the sender for one.
struct RouterAdvertisement: Hashable, Sendable {
    static let etherType: UInt16 = 0x86dd
    /// ff02::1 and its hardware address.
    static let allNodes = MACAddress(rawValue: 0x3333_0000_0001)
    /// ff02::2's hardware address: where solicitations go.
    static let allRouters = MACAddress(rawValue: 0x3333_0000_0002)
    static let solicitationType: UInt8 = 133

    var source: MACAddress

    /// The packet from its IPv6 header on, to ff02::1.
    var encoded: [UInt8] {
        var message: [UInt8] = [134, 0, 0, 0]  // type, code, checksum
        message += [64, 0, 0, 0]  // hop limit; neither managed nor other; router lifetime 0
        message += [0, 0, 0, 0, 0, 0, 0, 0]  // reachable time, retransmission timer: unspecified
        message += [1, 1] + source.octets  // source link-layer address (4.6.1)
        let sourceAddress = Self.linkLocal(source)
        let destination: [UInt8] = [0xff, 2] + [UInt8](repeating: 0, count: 13) + [1]
        var checksum = InternetChecksum()
        checksum.add(sourceAddress)
        checksum.add(destination)
        checksum.add(UInt16(message.count))
        checksum.add(58)
        checksum.add(message)
        message[2] = UInt8(checksum.value >> 8)
        message[3] = UInt8(checksum.value & 255)
        // Version 6; payload length; ICMPv6; hop limit 255, without which no host takes it (6.1.2).
        var packet: [UInt8] = [0x60, 0, 0, 0]
        packet.append(bigEndian: UInt16(message.count))
        packet += [58, 255]
        return packet + sourceAddress + destination + message
    }

    /// fe80:: with the modified EUI-64 of the hardware address (RFC 4291 appendix A).
    static func linkLocal(_ mac: MACAddress) -> [UInt8] {
        let o = mac.octets
        return [0xfe, 0x80, 0, 0, 0, 0, 0, 0, o[0] ^ 2, o[1], o[2], 0xff, 0xfe, o[3], o[4], o[5]]
    }
}
