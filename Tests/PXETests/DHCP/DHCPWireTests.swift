import Glibc
import Testing
import Vocabulary

@testable import PXE

/// The service over a cable of its own, with clients that do exactly what a test says.
extension DHCPServiceTests {
    /// Sends a datagram from the clients' side and waits for one answer.
    private func ask(
        _ packet: DHCPPacket,
        at destination: Endpoint,
        from port: UInt16,
        in namespace: NetworkNamespace
    ) async throws -> (packet: DHCPPacket, source: Endpoint)? {
        try await namespace.inside {
            var configuration = DatagramSocket.Configuration(port: port, interface: "eth0")
            configuration.broadcasts = true
            let socket = try DatagramSocket(configuration)
            #expect(socket.send(OutgoingDatagram(packet.encode(), to: destination)) == nil)
            var watched = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&watched, 1, 5000) == 1 else { return nil }
            var answer: (DHCPPacket, Endpoint)?
            DatagramReceiver().receive(from: socket) { datagram in
                guard let source = datagram.source.endpoint, let packet = try? DHCPPacket(parsing: datagram.bytes)
                else { return }
                answer = (packet, source)
            }
            return answer
        }
    }

    @Test(
        "84: port 4011 is answered from port 4011, beside leases and without them",
        arguments: [DHCPConfiguration.Mode.server, .proxy]
    )
    func bootServerPort(mode: DHCPConfiguration.Mode) async throws {
        try await withService(.sample(mode: mode)) { _, _, _, clients in
            try clients.configure("addr", "add", "\(address(77))/24", "dev", "eth0")
            let request = DHCPPacket.sample(.request) { packet in
                packet.becomePXE(.x64)
                packet.ciaddr = address(77)
            }
            let to = Endpoint(address: serverAddress, port: 4011)
            let answer = try #require(try await ask(request, at: to, from: 4011, in: clients))
            #expect(answer.source == to && answer.packet.messageType == .ack)
            #expect(answer.packet.options.text(.bootFileName) == "ipxe.efi")
        }
    }

    @Test func `97: a client that has waited long already is answered within a second`() async throws {
        try await withService(.sample(mode: .proxy)) { _, _, _, clients in
            try clients.configure("addr", "add", "\(address(77))/24", "dev", "eth0")
            for seconds in [UInt16(0), 30, .max] {
                let discover = DHCPPacket.sample(.discover, xid: UInt32(seconds)) { packet in
                    packet.becomeIPXE()
                    packet.secs = seconds
                    packet.wantsBroadcast = true
                }
                let asked = Moment.now().uptime
                let everybody = Endpoint(address: .broadcast, port: 67)
                let answer = try #require(try await ask(discover, at: everybody, from: 68, in: clients))
                #expect(Moment.now().uptime - asked < .seconds(1))
                #expect(answer.packet.messageType == .offer && answer.packet.xid == discover.xid)
            }
        }
    }

    @Test("129, 130: a DISCOVER without a UDP checksum is answered, with a priority tag too", arguments: [false, true])
    func oddFrames(isTagged: Bool) async throws {
        try await withService(.sample()) { _, _, _, clients in
            let type: DHCPMessageType? = try await clients.inside {
                let interface = try #require(try NetworkInterface.named("eth0"))
                let socket = try PacketSocket(on: interface, receiving: .udp(port: 68))
                let discover = DHCPPacket.sample(.discover, mac: try #require(interface.mac))
                var packet = IPv4UDPPacket(
                    source: Endpoint(address: .any, port: 68),
                    destination: Endpoint(address: .broadcast, port: 67),
                    payload: discover.encode()
                ).encoded(identification: 7)
                (packet[26], packet[27]) = (0, 0)
                let everybody = MACAddress(rawValue: 0xffff_ffff_ffff)
                // Priority 7 of network 0, which is no network: IEEE 802.1Q.
                let sent =
                    isTagged
                    ? socket.send([0xe0, 0, 8, 0] + packet, etherType: 0x8100, to: everybody)
                    : socket.send(packet, etherType: 0x0800, to: everybody)
                #expect(sent == nil)
                var watched = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
                _ = poll(&watched, 1, 5000)
                var type: DHCPMessageType?
                socket.receive { datagram, _ in type = (try? DHCPPacket(parsing: datagram.bytes))?.messageType }
                return type
            }
            #expect(type == .offer)
        }
    }

    @Test func `another server's offer to a client of ours is noticed`() async throws {
        try await withService(.sample()) { _, _, authority, clients in
            let mac = try await clients.inside {
                let interface = try #require(try NetworkInterface.named("eth0"))
                var offer = DHCPPacket(operation: .reply, xid: 1, chaddr: HardwareAddress(mac1))
                offer.yiaddr = address(50)
                offer.options.set(.messageType, to: [DHCPMessageType.offer.rawValue])
                offer.options.set(.serverIdentifier, to: address(66))
                let socket = try PacketSocket(on: interface)
                let from = Endpoint(address: address(66), port: 67)
                let to = Endpoint(address: .broadcast, port: 68)
                #expect(
                    socket.send(offer.encode(), from: from, to: to, at: MACAddress(rawValue: 0xffff_ffff_ffff)) == nil
                )
                return interface.mac
            }
            try await eventually {
                authority.observations.contains(.rogueServer(address(66), mac: mac, interface: "eth0"))
            }
        }
    }

    @Test func `an interface that is deleted and made again under its name is served again`() async throws {
        let (serverSide, clientSide) = try NetworkNamespace.pair()
        var configuration = DHCPConfiguration.sample()
        configuration.probesAddresses = true
        try await withService(configuration, over: (serverSide, clientSide)) { service, _, _, clients in
            #expect(try await udhcpc(in: clients).status == 0)
            try clients.configure("link", "del", "eth0")
            try await eventually { service.servedInterfaces.isEmpty }
            try serverSide.connect(to: clients)
            try serverSide.configure("addr", "add", "\(serverAddress)/24", "dev", "eth0")
            try await eventually { service.servedInterfaces == ["eth0"] }
            #expect(try await udhcpc(in: clients).status == 0)
        }
    }
}
