/// A UDP datagram in an IPv4 packet (RFC 768, RFC 791), for who has no address yet.
enum DatagramPacket {
    private static let everybody: UInt32 = 0xffff_ffff

    /// From nobody's address to everybody's. UDP's checksum is left out, as IPv4 allows.
    static func broadcast(_ payload: [UInt8], from source: UInt16, to port: UInt16) -> [UInt8] {
        let total = 28 + payload.count
        var header: [UInt8] = [0x45, 0, UInt8(total >> 8), UInt8(total & 255), 0, 0, 0, 0, 64, 17, 0, 0]
        header += UInt32(0).bigEndianBytes + everybody.bigEndianBytes
        let sum = checksum(header[...])
        header[10] = UInt8(sum >> 8)
        header[11] = UInt8(sum & 255)
        var datagram: [UInt8] = [UInt8(source >> 8), UInt8(source & 255), UInt8(port >> 8), UInt8(port & 255)]
        datagram += [UInt8((8 + payload.count) >> 8), UInt8((8 + payload.count) & 255), 0, 0]
        return header + datagram + payload
    }

    /// What a packet carries to a port; nil for all other packets, and for fragments.
    static func payload(of packet: [UInt8], to port: UInt16) -> [UInt8]? {
        guard packet.count >= 28, packet[0] >> 4 == 4, packet[9] == 17 else { return nil }
        let header = Int(packet[0] & 15) * 4
        let total = Int(packet[2]) << 8 | Int(packet[3])
        guard header >= 20, total <= packet.count, total >= header + 8, packet[6] & 0x3f == 0, packet[7] == 0,
            checksum(packet[..<header]) == 0
        else { return nil }
        let length = Int(packet[header + 4]) << 8 | Int(packet[header + 5])
        guard UInt16(packet[header + 2]) << 8 | UInt16(packet[header + 3]) == port, length >= 8,
            header + length <= total
        else { return nil }
        return Array(packet[(header + 8)..<(header + length)])
    }

    /// RFC 1071: 0 of a header with its checksum in it.
    static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt16 {
        var sum: UInt32 = 0
        var isHigh = true
        for byte in bytes {
            sum += isHigh ? UInt32(byte) << 8 : UInt32(byte)
            isHigh.toggle()
        }
        while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
        return ~UInt16(sum)
    }
}
