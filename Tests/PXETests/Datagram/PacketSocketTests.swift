import Glibc
import Testing
import Vocabulary

@testable import PXE

/// Sockets on a real link between two namespaces.
@Suite struct PacketSocketTests {
    static let server = IPv4Address(192, 0, 2, 1)
    static let client = IPv4Address(192, 0, 2, 50)

    private static func eth0() throws -> NetworkInterface {
        guard let interface = try NetworkInterface.named("eth0") else {
            throw SystemError("find", "eth0", code: ENODEV)
        }
        return interface
    }

    @Test("45, 137: a datagram reaches a hardware address whose owner has no IP address, without ARP")
    func clientWithoutAddress() async throws {
        let (serverSide, clientSide) = try NetworkNamespace.pair()
        try serverSide.configure("addr", "add", "192.0.2.1/24", "dev", "eth0")
        let received = Found<(ReceivedDatagram, MACAddress)>()
        let mac = try await clientSide.inside { try Self.eth0().mac }
        let target = try #require(mac)
        try await clientSide.withLoop(
            setUp: { loop in
                let socket = try PacketSocket(on: Self.eth0(), receiving: .udp(port: 68))
                _ = try loop.watch(socket.descriptor) { _ in socket.receive { received.append(($0, $1)) } }
            },
            { _ in
                try await serverSide.inside {
                    let socket = try PacketSocket(on: Self.eth0())
                    let from = Endpoint(address: Self.server, port: 67)
                    // Neither of these two is for port 68.
                    socket.send([9], from: from, to: Endpoint(address: Self.client, port: 69), at: target)
                    let to = Endpoint(address: Self.client, port: 68)
                    #expect(socket.send(Array("offer".utf8), from: from, to: to, at: target) == nil)
                    #expect(NeighbourTable.mac(of: Self.client) == nil)
                }
                try await eventually { !received.all.isEmpty }
            }
        )
        let (datagram, source) = try #require(received.all.first)
        #expect(received.all.count == 1)
        #expect(datagram.bytes == Array("offer".utf8))
        #expect(datagram.source.endpoint == Endpoint(address: Self.server, port: 67))
        #expect(datagram.destination?.endpoint == Endpoint(address: Self.client, port: 68))
        #expect(source == (try await serverSide.inside { try Self.eth0().mac }))
    }

    @Test("129: a UDP checksum that veth never computed is no reason to drop")
    func pendingChecksum() async throws {
        let (serverSide, clientSide) = try NetworkNamespace.pair()
        try clientSide.configure("addr", "add", "192.0.2.50/24", "dev", "eth0")
        let received = Found<ReceivedDatagram>()
        try await serverSide.withLoop(
            setUp: { loop in
                let socket = try PacketSocket(on: Self.eth0(), receiving: .udp(port: 67))
                _ = try loop.watch(socket.descriptor) { _ in socket.receive { datagram, _ in received.append(datagram) }
                }
            },
            { _ in
                try await clientSide.inside {
                    var configuration = DatagramSocket.Configuration(port: 68, interface: "eth0")
                    configuration.broadcasts = true
                    let socket = try DatagramSocket(configuration)
                    let everybody = Endpoint(address: .broadcast, port: 67)
                    #expect(socket.send(OutgoingDatagram(Array("discover".utf8), to: everybody)) == nil)
                }
                try await eventually { !received.all.isEmpty }
            }
        )
        #expect(received.all.first?.bytes == Array("discover".utf8))
        #expect(received.all.first?.destination?.endpoint?.address == .broadcast)
    }

    @Test("130: a datagram with an 802.1Q tag that has a priority and no VLAN arrives like any other")
    func priorityTag() async throws {
        let (serverSide, clientSide) = try NetworkNamespace.pair()
        try serverSide.configure("addr", "add", "192.0.2.1/24", "dev", "eth0")
        let received = Found<ReceivedDatagram>()
        try await serverSide.withLoop(
            setUp: { loop in
                let socket = try DatagramSocket(.init(port: 67, interface: "eth0"))
                let receiver = DatagramReceiver()
                _ = try loop.watch(socket.descriptor) { _ in receiver.receive(from: socket) { received.append($0) } }
            },
            { _ in
                try await clientSide.inside {
                    let socket = try PacketSocket(on: Self.eth0())
                    let packet = IPv4UDPPacket(
                        source: Endpoint(address: .any, port: 68),
                        destination: Endpoint(address: .broadcast, port: 67),
                        payload: Array("discover".utf8)
                    )
                    // Priority 7, VLAN 0, and the type of what follows.
                    let tag: [UInt8] = [0xe0, 0x00, 0x08, 0x00]
                    let everybody = MACAddress(rawValue: 0xffff_ffff_ffff)
                    #expect(
                        socket.send(tag + packet.encoded(identification: 1), etherType: 0x8100, to: everybody) == nil
                    )
                }
                try await eventually { !received.all.isEmpty }
            }
        )
        #expect(received.all.first?.bytes == Array("discover".utf8))
    }

    @Test("69, 138: what arrived tells its interface and address, and an answer leaves from there")
    func packetInfo() async throws {
        let (serverSide, clientSide) = try NetworkNamespace.pair()
        for address in ["192.0.2.1/24", "192.0.2.2/24"] {
            try serverSide.configure("addr", "add", address, "dev", "eth0")
        }
        try clientSide.configure("addr", "add", "192.0.2.50/24", "dev", "eth0")
        let second = IPv4Address(192, 0, 2, 2)
        let received = Found<ReceivedDatagram>()
        try await serverSide.withLoop(
            setUp: { loop in
                let socket = try DatagramSocket(.init(port: 6767))
                let receiver = DatagramReceiver()
                _ = try loop.watch(socket.descriptor) { _ in
                    receiver.receive(from: socket) { datagram in
                        received.append(datagram)
                        // An address that is not the one it was asked on, to see that the choice is ours.
                        socket.send(OutgoingDatagram([7], to: datagram.source, from: second))
                    }
                }
            },
            { _ in
                let source = try await clientSide.inside {
                    let probe = try DatagramSocket(.init(port: 0))
                    let index = try Self.eth0().index
                    probe.send(
                        OutgoingDatagram([1], to: Endpoint(address: Self.server, port: 6767), interfaceIndex: index)
                    )
                    var watched = pollfd(fd: probe.descriptor, events: Int16(POLLIN), revents: 0)
                    _ = poll(&watched, 1, 5000)
                    var found: SocketAddress?
                    DatagramReceiver().receive(from: probe) { found = $0.source }
                    return found
                }
                #expect(source?.ipv4 == second)
            }
        )
        let datagram = try #require(received.all.first)
        #expect(datagram.destination?.ipv4 == Self.server)
        #expect(datagram.interfaceIndex == (try await serverSide.inside { try Self.eth0().index }))
        // The exchange left an entry in the kernel's table.
        let known = try await serverSide.inside { NeighbourTable.mac(of: Self.client) }
        #expect(known == (try await clientSide.inside { try Self.eth0().mac }))
        let places: [(IPv4Address, Neighbour)] = [
            (Self.client, .card(try #require(known))), (IPv4Address(192, 0, 2, 99), .silent),
            (Self.server, .beyond), (IPv4Address(198, 51, 100, 1), .beyond), (IPv4Address(127, 77, 0, 9), .beyond),
        ]
        for (address, neighbour) in places {
            #expect(try await serverSide.inside { NeighbourTable.neighbour(at: address) } == neighbour, "\(address)")
        }
    }

    @Test("72: an ARP probe finds who has an address, and that nobody has one")
    func arpProbe() async throws {
        let (serverSide, clientSide) = try NetworkNamespace.pair()
        try clientSide.configure("addr", "add", "192.0.2.50/24", "dev", "eth0")
        let answers = Found<(IPv4Address, ARPProber.Answer)>()
        let free = IPv4Address(192, 0, 2, 51)
        try await serverSide.withLoop(
            setUp: { loop in
                var configuration = ARPProber.Configuration()
                configuration.interval = .milliseconds(50)
                let prober = try ARPProber(on: Self.eth0(), loop: loop, configuration: configuration)
                for address in [Self.client, free] {
                    prober.probe(address) { answers.append((address, $0)) }
                }
                // Holds the prober as long as the loop runs.
                loop.schedule(after: .seconds(60)) { _ = prober }
            },
            { _ in try await eventually { answers.all.count == 2 } }
        )
        let mac = try #require(try await clientSide.inside { try Self.eth0().mac })
        #expect(answers.all.first { $0.0 == Self.client }?.1 == .taken(by: mac))
        #expect(answers.all.first { $0.0 == free }?.1 == .free)
    }

    @Test("router advertisements come by themselves and to whoever solicits")
    func routerAdvertisements() async throws {
        let (serverSide, clientSide) = try NetworkNamespace.pair()
        let received = Found<[UInt8]>()
        try await clientSide.withLoop(
            setUp: { loop in
                let socket = try PacketSocket(on: Self.eth0(), receiving: .icmpv6(type: 134))
                try socket.join(RouterAdvertisement.allNodes)
                _ = try loop.watch(socket.descriptor) { _ in
                    socket.receivePackets { bytes, _, _ in received.append(bytes) }
                }
            },
            { _ in
                try await serverSide.withLoop(
                    setUp: { loop in
                        var configuration = RouterAdvertiser.Configuration()
                        configuration.interval = .seconds(3600)
                        let advertiser = try RouterAdvertiser(on: Self.eth0(), loop: loop, configuration: configuration)
                        loop.schedule(after: .seconds(60)) { _ = advertiser }
                    },
                    { _ in
                        try await eventually { !received.all.isEmpty }
                        // The client's kernel may have solicited one already.
                        let count = received.all.count
                        try await clientSide.inside {
                            let socket = try PacketSocket(on: Self.eth0())
                            socket.send(Self.solicitation, etherType: 0x86dd, to: RouterAdvertisement.allRouters)
                        }
                        try await eventually { received.all.count > count }
                    }
                )
            }
        )
        let packet = try #require(received.all.first)
        #expect(packet[7] == 255)  // the hop limit
        #expect(packet[40] == 134)
        #expect(packet[46..<48] == [0, 0])  // the router lifetime
        #expect(packet.count == 40 + 16 + 8)  // one option: our hardware address
        // A pseudo header and a message with its right checksum sum up to nothing.
        var checksum = InternetChecksum()
        checksum.add(packet[8..<40])
        checksum.add(UInt16(packet.count - 40))
        checksum.add(58)
        checksum.add(packet[40...])
        #expect(checksum.value == 0)
    }

    /// A router solicitation from the unspecified address, as a host without any sends it; nobody looks at its checksum.
    private static let solicitation: [UInt8] =
        [0x60, 0, 0, 0, 0, 8, 58, 255] + [UInt8](repeating: 0, count: 16)
        + [0xff, 2] + [UInt8](repeating: 0, count: 13) + [2] + [133, 0, 0, 0, 0, 0, 0, 0]

    @Test("an interface that comes, goes and changes is noticed")
    func interfaceWatch() async throws {
        let namespace = try NetworkNamespace()
        let seen = Found<[String]>()
        try await namespace.withLoop(
            setUp: { loop in
                let watch = try InterfaceWatch(on: loop) {
                    seen.append(((try? NetworkInterface.all()) ?? []).map(\.name))
                }
                loop.schedule(after: .seconds(60)) { _ = watch }
            },
            { _ in
                try namespace.configure("link", "add", "eth7", "type", "veth", "peer", "name", "eth8")
                try await eventually { seen.all.last?.contains("eth7") == true }
                try namespace.configure("link", "del", "eth7")
                try await eventually { seen.all.last?.contains("eth7") == false }
            }
        )
    }

    @Test("interfaces with their addresses, prefixes and MTU")
    func interfaces() async throws {
        let (side, other) = try NetworkNamespace.pair(mtu: 1400)
        defer { withExtendedLifetime(other) {} }
        try side.configure("addr", "add", "192.0.2.1/26", "dev", "eth0")
        let interface = try await side.inside { try Self.eth0() }
        #expect(interface.addresses == [.init(Self.server, prefixLength: 26)])
        #expect(interface.mtu == 1400)
        #expect(interface.isUp && interface.isRunning && !interface.isLoopback && interface.mac != nil)
        let loopback = try #require(try await side.inside { try NetworkInterface.named("lo") })
        #expect(loopback.isLoopback && loopback.mac == nil)
        #expect(try await side.inside { try NetworkInterface.named("eth9") } == nil)
    }
}
