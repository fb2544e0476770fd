import CLinuxNet
import Glibc
import Vocabulary

/// A packet socket on one interface: speaks to hardware addresses without asking anybody's ARP, and hears what is not
/// meant for the host's own addresses. Needs CAP_NET_RAW; works on an interface without any address.
public final class PacketSocket: Sendable {
    /// What the kernel lets through; the rest never reaches the process.
    public enum Filter: Hashable, Sendable {
        /// For sending only.
        case nothing
        /// IPv4 UDP datagrams to a port, whatever their address.
        case udp(port: UInt16)
        case arp
        /// ICMPv6 messages of one type.
        case icmpv6(type: UInt8)
    }

    public let descriptor: CInt
    public let interface: NetworkInterface

    /// - Throws: what the kernel said, for want of CAP_NET_RAW or of the interface.
    public init(on interface: NetworkInterface, receiving filter: Filter = .nothing) throws(SystemError) {
        let (kind, argument): (CInt, UInt16) =
            switch filter {
            case .nothing: (CInt(MUSTER_FILTER_NOTHING), 0)
            case .udp(let port): (CInt(MUSTER_FILTER_UDP_PORT), port)
            case .arp: (CInt(MUSTER_FILTER_ARP), 0)
            case .icmpv6(let type): (CInt(MUSTER_FILTER_ICMPV6), UInt16(type))
            }
        descriptor = muster_packet_open(interface.index, kind, argument)
        guard descriptor >= 0 else { throw SystemError("open packet socket on", interface.name) }
        self.interface = interface
    }

    deinit { close(descriptor) }

    /// Makes the interface hear a multicast hardware address.
    public func join(_ group: MACAddress) throws(SystemError) {
        guard muster_packet_join(descriptor, interface.index, group.octets) == 0 else {
            throw SystemError("join \(group) on", interface.name)
        }
    }

    /// Sends a UDP datagram to a hardware address, whether or not anybody has the IP address yet.
    /// - Returns: nil when it left, else why not.
    @discardableResult
    public func send(
        _ payload: [UInt8],
        from source: Endpoint,
        to destination: Endpoint,
        at mac: MACAddress
    ) -> SystemError? {
        let packet = IPv4UDPPacket(source: source, destination: destination, payload: payload)
        return send(packet.encoded(identification: .random(in: .min ... .max)), etherType: 0x0800, to: mac)
    }

    /// Sends one packet, from its network header on.
    @discardableResult
    func send(_ packet: [UInt8], etherType: UInt16, to mac: MACAddress) -> SystemError? {
        muster_packet_send(descriptor, interface.index, etherType, mac.octets, packet, packet.count) >= 0
            ? nil : SystemError("send packet to", "\(mac) on \(interface.name)")
    }

    /// Calls `each` for the UDP datagrams that wait, at most `limit`; what does not parse is passed over.
    /// - Returns: how many packets there were.
    @discardableResult
    public func receive(limit: Int = 32, _ each: (ReceivedDatagram, _ source: MACAddress) -> Void) -> Int {
        receivePackets(limit: limit) { bytes, mac, pending in
            guard let packet = IPv4UDPPacket(parsing: bytes, checksumPending: pending) else { return }
            let datagram = ReceivedDatagram(
                bytes: packet.payload,
                source: SocketAddress(packet.source),
                destination: SocketAddress(packet.destination),
                interfaceIndex: interface.index
            )
            each(datagram, mac)
        }
    }

    /// Packets from their network header on.
    @discardableResult
    func receivePackets(
        limit: Int = 32,
        _ each: (_ bytes: [UInt8], _ source: MACAddress, _ checksumPending: Bool) -> Void
    ) -> Int {
        for count in 0..<limit {
            var octets = [UInt8](repeating: 0, count: 6)
            var pending = false
            let packet = [UInt8](unsafeUninitializedCapacity: 9216) { buffer, length in
                let received = muster_packet_receive(descriptor, buffer.baseAddress, buffer.count, &octets, &pending)
                length = max(0, received)
            }
            guard !packet.isEmpty else { return count }
            each(packet, MACAddress(octets: octets) ?? MACAddress(rawValue: 0), pending)
        }
        return limit
    }
}
