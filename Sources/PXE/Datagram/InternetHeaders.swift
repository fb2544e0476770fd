import Vocabulary

/// RFC 1071: the ones' complement sum that IPv4, UDP and ICMPv6 protect themselves with.
struct InternetChecksum {
    private var sum: UInt64 = 0

    /// Adds octets; only the last piece may have an odd number of them.
    mutating func add(_ octets: some Sequence<UInt8>) {
        var high: UInt8?
        for octet in octets {
            if let first = high {
                sum += UInt64(first) << 8 | UInt64(octet)
                high = nil
            } else {
                high = octet
            }
        }
        if let high { sum += UInt64(high) << 8 }
    }

    mutating func add(_ word: UInt16) { sum += UInt64(word) }

    /// The value for the header's field. 0 over a datagram that carries its right checksum.
    var value: UInt16 {
        var folded = sum
        while folded > 0xffff { folded = (folded & 0xffff) + (folded >> 16) }
        return ~UInt16(folded)
    }
}

/// A UDP datagram in an IPv4 packet, by hand: how a client without an address is reached (RFC 2131 4.1).
struct IPv4UDPPacket: Hashable, Sendable {
    var source: Endpoint
    var destination: Endpoint
    var payload: [UInt8]

    /// 20 octets of IPv4 header without options, 8 of UDP.
    static let overhead = 28

    func encoded(identification: UInt16) -> [UInt8] {
        let total = UInt16(Self.overhead + payload.count)
        var packet: [UInt8] = [0x45, 0x10]  // version 4, five words; low delay
        packet.append(bigEndian: total)
        packet.append(bigEndian: identification)
        packet += [0, 0, 64, 17, 0, 0]  // may be fragmented; 64 hops; UDP; checksum follows
        packet += source.address.octets
        packet += destination.address.octets
        var header = InternetChecksum()
        header.add(packet)
        packet[10] = UInt8(header.value >> 8)
        packet[11] = UInt8(header.value & 255)
        packet.append(bigEndian: source.port)
        packet.append(bigEndian: destination.port)
        packet.append(bigEndian: total - 20)
        let checksum = Self.udpChecksum(packet[12..<20], packet[20...] + [0, 0] + payload, length: total - 20)
        packet.append(bigEndian: checksum == 0 ? 0xffff : checksum)  // RFC 768: 0 means "none"
        packet += payload
        return packet
    }

    /// The datagram in `packet`, which begins with its IPv4 header; nil for anything else, for a fragment, for a
    /// packet shorter than it says, and for a wrong UDP checksum. 0 is no checksum and is taken (RFC 768).
    /// - Parameter checksumPending: the sender left the checksum to hardware that never saw the packet.
    init?(parsing packet: [UInt8], checksumPending: Bool) {
        guard packet.count >= Self.overhead, packet[0] >> 4 == 4, packet[9] == 17 else { return nil }
        let headerLength = Int(packet[0] & 15) * 4
        let total = Int(packet.bigEndian(at: 2))
        guard headerLength >= 20, total >= headerLength + 8, total <= packet.count,
            packet.bigEndian(at: 6) & 0x3fff == 0
        else { return nil }
        let datagram = packet[headerLength..<total]
        let start = datagram.startIndex
        let length = Int(packet.bigEndian(at: start + 4))
        guard length >= 8, length <= datagram.count else { return nil }
        if packet.bigEndian(at: start + 6) != 0, !checksumPending {
            guard Self.udpChecksum(packet[12..<20], datagram.prefix(length), length: UInt16(length)) == 0 else {
                return nil
            }
        }
        source = Endpoint(address: packet.address(at: 12), port: packet.bigEndian(at: start))
        destination = Endpoint(address: packet.address(at: 16), port: packet.bigEndian(at: start + 2))
        payload = Array(datagram.prefix(length).dropFirst(8))
    }

    init(source: Endpoint, destination: Endpoint, payload: [UInt8]) {
        (self.source, self.destination, self.payload) = (source, destination, payload)
    }

    private static func udpChecksum(
        _ addresses: ArraySlice<UInt8>,
        _ datagram: some Sequence<UInt8>,
        length: UInt16
    ) -> UInt16 {
        var sum = InternetChecksum()
        sum.add(addresses)
        sum.add(17)
        sum.add(length)
        sum.add(datagram)
        return sum.value
    }
}

extension [UInt8] {
    mutating func append(bigEndian value: UInt16) {
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }

    /// The caller has checked that two octets are there.
    fileprivate func bigEndian(at index: Int) -> UInt16 { UInt16(self[index]) << 8 | UInt16(self[index + 1]) }

    fileprivate func address(at index: Int) -> IPv4Address {
        IPv4Address(self[index], self[index + 1], self[index + 2], self[index + 3])
    }
}
