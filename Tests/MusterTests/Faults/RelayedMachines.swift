import Foundation
import PXE
import Vocabulary

/// Ever-new machines behind a relay agent on the clients' side: what they say, and what they are told.
final class RelayedMachines {
    private let socket: ClientSocket
    private var last: UInt64 = 0

    init(_ network: FaultNetwork) throws { socket = try network.clientSocket(port: 67) }

    /// A MAC that none had before.
    func next() -> MACAddress {
        last += 1
        return MACAddress(rawValue: 0x5254_0100_0000 + last)
    }

    /// Both exchanges for several machines at once, as a group of machines does that gets its power back.
    ///
    /// - Returns: the addresses that were acknowledged; nothing is asked twice.
    func acquire(_ machines: [MACAddress]) -> [MACAddress: IPv4Address] {
        let offers = offers(to: machines)
        let requests = offers.map { mac, offer in
            var request = packet(.request, mac)
            request.options.set(.requestedAddress, to: offer.yiaddr)
            if let server = offer.options[.serverIdentifier] { request.options.set(.serverIdentifier, to: server) }
            return request
        }
        return exchange(requests, for: .ack).mapValues(\.yiaddr)
    }

    /// What a DISCOVER of each brings.
    func offers(to machines: [MACAddress]) -> [MACAddress: DHCPPacket] {
        exchange(machines.map { packet(.discover, $0) }, for: .offer)
    }

    private func packet(_ type: DHCPMessageType, _ mac: MACAddress) -> DHCPPacket {
        var packet = DHCPPacket(
            operation: .request,
            xid: UInt32(truncatingIfNeeded: mac.rawValue),
            chaddr: HardwareAddress(mac)
        )
        packet.hops = 1
        packet.giaddr = FaultNetwork.client
        packet.options.set(.messageType, to: [type.rawValue])
        return packet
    }

    /// Sends all, then listens until each has its answer or none comes any more.
    private func exchange(_ packets: [DHCPPacket], for type: DHCPMessageType) -> [MACAddress: DHCPPacket] {
        for packet in packets { socket.send(packet.encode(), to: FaultNetwork.server, port: 67) }
        var answers: [MACAddress: DHCPPacket] = [:]
        while answers.count < packets.count, let datagram = socket.receive(within: 500) {
            guard let packet = try? DHCPPacket(parsing: datagram.bytes), packet.messageType == type else { continue }
            if let mac = packet.chaddr.mac { answers[mac] = packet }
        }
        return answers
    }
}
