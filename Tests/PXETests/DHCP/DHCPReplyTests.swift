import Testing
import Vocabulary

@testable import PXE

/// Where replies go and what stands in them.
@Suite struct DHCPReplyTests {
    private func destination(_ fill: (inout DHCPPacket) -> Void) -> ReplyDestination {
        var packet = DHCPPacket.sample(.offer)
        fill(&packet)
        return .choose(for: packet)
    }

    @Test func `42 a relayed request is answered to giaddr, port 67`() {
        let relay = Endpoint(address: IPv4Address(10, 1, 0, 1), port: 67)
        #expect(destination { $0.giaddr = relay.address } == .relay(relay))
        let all = destination { packet in
            packet.giaddr = relay.address
            packet.ciaddr = address(9)
            packet.wantsBroadcast = true
        }
        #expect(all == .relay(relay), "whatever else is set")
    }

    @Test func `43 a renewal is answered to ciaddr`() {
        let expected = ReplyDestination.unicast(Endpoint(address: address(9), port: 68))
        #expect(destination { $0.ciaddr = address(9) } == expected)
        #expect(destination { ($0.ciaddr, $0.wantsBroadcast) = (address(9), true) } == expected)
    }

    @Test func `44 broadcast bit 1 is broadcast`() {
        #expect(destination { ($0.yiaddr, $0.wantsBroadcast) = (address(9), true) } == .broadcast(port: 68))
    }

    @Test func `45 broadcast bit 0 is unicast without ARP`() throws {
        let expected = ReplyDestination.hardware(mac1, Endpoint(address: address(9), port: 68))
        #expect(destination { $0.yiaddr = address(9) } == expected)
        for flags in [UInt16(0), 0x8000] {
            let conversation = ServerConversation()
            let reply = try #require(conversation.send(.sample(.discover) { $0.flags = flags }).reply)
            #expect(reply.packet.flags == flags, "the bit is never altered")
        }
    }

    @Test func `46 NAK is broadcast, through a relay too`() throws {
        let conversation = ServerConversation()
        let wrong = DHCPPacket.sample(.request) { $0.options.set(.requestedAddress, to: IPv4Address(10, 0, 0, 1)) }
        let near = try #require(conversation.send(wrong).reply)
        #expect(near.packet.messageType == .nak && near.destination == .broadcast(port: 68))
        #expect(!near.packet.wantsBroadcast)
        var relayed = wrong
        relayed.giaddr = address(5)
        let far = try #require(conversation.send(relayed, arrival(from: address(5), to: serverAddress)).reply)
        #expect(far.destination == .relay(Endpoint(address: address(5), port: 67)))
        #expect(far.packet.wantsBroadcast)
    }

    @Test(
        "55 sizes: option 57, the guaranteed 548, the link",
        arguments: [
            (nil, 1500, 548), (0, 1500, 548), (576, 1500, 548), (1000, 1500, 972), (1472, 1500, 1444),
            (65280, 1500, 1472),
            (65280, 9000, 8972), (100, 1500, 548),
        ] as [(UInt16?, Int, Int)]
    )
    func limit(asked: UInt16?, mtu: Int, limit: Int) {
        let packet = DHCPPacket.sample(.discover) { packet in
            if let asked { packet.options.set(.maximumMessageSize, to: asked) }
        }
        #expect(packet.replyLimit(mtu: mtu) == limit)
    }

    @Test func `55 what does not fit is overloaded, then left out whole, the least important first`() throws {
        let packet = DHCPPacket.sample(.ack) { packet in
            packet.file = Array("ipxe.efi".utf8)
            packet.options.set(.serverIdentifier, to: serverAddress)
            for code in UInt8(128)..<140 {
                packet.options.set(DHCPOptionCode(rawValue: code), to: [UInt8](repeating: code, count: 60))
            }
            packet.options.set(.bootFileName, to: "ipxe.efi")
            packet.options.set(.relayAgentInformation, to: [1, 4, 1, 2, 3, 4])
        }
        let octets = packet.encode(limit: 548)
        #expect(octets.count <= 548)
        let parsed = try DHCPPacket(parsing: octets)
        for option in parsed.options { #expect(packet.options[option.code] == option.octets) }
        #expect(parsed.options.text(.bootFileName) == "ipxe.efi")
        #expect(parsed.options.contains(.relayAgentInformation))
        #expect(parsed.options.count < packet.options.count && parsed.options.count >= 9)
    }

    @Test func `56 options in the order of option 55; 53, 54 and 51 always`() throws {
        let conversation = ServerConversation()
        let asked: [UInt8] = [28, 15, 6, 3, 200]
        let discover = DHCPPacket.sample(.discover) { $0.options.set(.parameterRequestList, to: asked) }
        let codes = try #require(conversation.send(discover).reply).packet.options.map(\.code.rawValue)
        #expect(Array(codes.prefix(3)) == [53, 54, 51])
        #expect(codes.filter { asked.contains($0) } == [28, 15, 6, 3])
        let mask = try #require(codes.firstIndex(of: 1))
        #expect(mask < codes.firstIndex(of: 3)!, "RFC 2132 3.3")
        let none = try #require(
            conversation.send(
                .sample(.discover, mac: mac2) { packet in
                    packet.options.set(.parameterRequestList, to: [66] as [UInt8])
                }
            ).reply
        ).packet.options
        #expect(none.contains(.messageType) && none.contains(.serverIdentifier) && none.contains(.leaseTime))
        #expect(!none.contains(.domainName))
    }

    @Test func `61 the client identifier comes back, in NAKs too`() throws {
        let conversation = ServerConversation()
        let identifier: [UInt8] = [1] + mac1.octets
        let ack = try #require(conversation.lease { $0.options.set(.clientIdentifier, to: identifier) }?.reply?.packet)
        #expect(ack.options[.clientIdentifier].map(Array.init) == identifier)
        let nak = conversation.send(
            .sample(.request) { packet in
                packet.options.set(.clientIdentifier, to: identifier)
                packet.options.set(.requestedAddress, to: IPv4Address(10, 0, 0, 1))
            }
        )
        #expect(nak.reply?.packet.options[.clientIdentifier].map(Array.init) == identifier)
    }

    @Test func `63 siaddr, option 66 and sname agree; option 67 and file are both set`() throws {
        let conversation = ServerConversation()
        let packet = try #require(conversation.send(.sample(.discover) { $0.becomePXE(.x64) }).reply).packet
        #expect(packet.siaddr == serverAddress)
        #expect(packet.options.text(.tftpServerName) == "192.168.77.1" && packet.sname == Array("192.168.77.1".utf8))
        #expect(packet.options.text(.bootFileName) == "ipxe.efi" && packet.file == Array("ipxe.efi".utf8))
        let parsed = packet.encode()
        #expect(parsed[108 + 8] == 0, "NUL after the file name")
    }

    @Test func `69 the server identifier is the address that the client reaches, and the source`() throws {
        let link = DHCPLink(
            name: "eth0",
            addresses: [.init(IPv4Address(10, 9, 9, 9), prefixLength: 8), .init(serverAddress, prefixLength: 24)]
        )
        let conversation = ServerConversation()
        let near = try #require(conversation.send(.sample(.discover), arrival(link: link)).reply)
        #expect(near.packet.options.address(.serverIdentifier) == serverAddress && near.source.address == serverAddress)
        var virtual = link
        virtual.configured = address(2)
        let reply = try #require(conversation.send(.sample(.discover), arrival(link: virtual)).reply)
        #expect(reply.packet.options.address(.serverIdentifier) == address(2) && reply.source.address == address(2))
        #expect(reply.packet.siaddr == address(2))
    }

    @Test func `72 addresses of a pool are probed before they are offered, reservations are not`() throws {
        var configuration = DHCPConfiguration.sample(range: address(100)...address(102))
        configuration.probesAddresses = true
        let conversation = ServerConversation(configuration, hosts: [mac2: Host(name: "n2", address: address(12))])
        let asked = conversation.addressesToProbe()
        #expect(asked == [address(100), address(101), address(102)])
        #expect(conversation.send(.sample(.discover)).ignored == .noAddress, "nothing is probed while a client waits")
        #expect(conversation.send(.sample(.discover, mac: mac2)).yiaddr == address(12))
        #expect(conversation.addressesToProbe() == [])
        conversation.server.probed(address(100), .taken)
        conversation.server.probed(address(101), .free)
        #expect(conversation.lease()?.yiaddr == address(101))
        conversation.now = conversation.now + .seconds(3)
        let third = MACAddress("52:54:00:00:00:03")!
        #expect(conversation.send(.sample(.discover, mac: third)).ignored == .noAddress, "taken, and still asked for")
        conversation.now = conversation.now + .seconds(61)
        #expect(conversation.addressesToProbe() == [address(100)])
    }
}
