import Testing
import Vocabulary

@testable import PXE

/// Relay agents, and what they may ask.
@Suite struct DHCPRelayTests {
    static let remote = IPv4Network("10.1.0.0/16")!
    static let relay = IPv4Address(10, 1, 0, 1)
    static let option82: [UInt8] = [1, 4, 0, 1, 0, 7, 2, 3, 65, 66, 67]

    private func conversation() -> ServerConversation {
        var configuration = DHCPConfiguration.sample()
        configuration.subnets.append(
            DHCPSubnet(network: Self.remote, pools: [.init(range: IPv4Address(10, 1, 5, 1)...IPv4Address(10, 1, 5, 9))])
        )
        configuration.leaseQueryRelays = [Self.relay]
        return ServerConversation(configuration)
    }

    private func relayed(_ packet: DHCPPacket, with option: [UInt8]? = option82) -> DHCPPacket {
        var packet = packet
        packet.giaddr = Self.relay
        packet.hops = 1
        if let option { packet.options.set(.relayAgentInformation, to: option) }
        return packet
    }

    private let fromRelay = arrival(from: relay, to: serverAddress)

    @Test func `65 option 82 comes back as it came, last, in OFFER, ACK and NAK`() throws {
        let conversation = self.conversation()
        let offer = conversation.send(
            relayed(.sample(.discover) { $0.options.set(.clientIdentifier, to: [1, 2]) }),
            fromRelay
        )
        let given = try #require(offer.yiaddr)
        let ack = conversation.send(
            relayed(
                .sample(.request) { packet in
                    packet.options.set(.serverIdentifier, to: serverAddress)
                    packet.options.set(.requestedAddress, to: given)
                }
            ),
            fromRelay
        )
        let nak = conversation.send(
            relayed(.sample(.request) { $0.options.set(.requestedAddress, to: address(3)) }),
            fromRelay
        )
        #expect([offer.type, ack.type, nak.type] == [.offer, .ack, .nak])
        #expect(Self.remote.contains(given))
        for outcome in [offer, ack, nak] {
            let reply = try #require(outcome.reply)
            #expect(reply.destination == .relay(Endpoint(address: Self.relay, port: 67)))
            let parsed = try DHCPPacket(parsing: reply.packet.encode())
            #expect(parsed.options.last?.code == .relayAgentInformation)
            #expect(parsed.options.last.map { Array($0.octets) } == Self.option82)
        }
        #expect(ack.change?.binding.lease.relay == Self.relay)
    }

    @Test func `a relay that says so is answered at the port that it sent from, and at its own address only`() throws {
        let conversation = self.conversation()
        var arrival = fromRelay
        arrival.source.port = 40_000
        for (option, port) in [(Self.option82 + [19, 0], 40_000 as UInt16), (Self.option82, 67)] {
            let reply = try #require(conversation.send(relayed(.sample(.discover), with: option), arrival).reply)
            #expect(reply.destination == .relay(Endpoint(address: Self.relay, port: port)))
            #expect(reply.packet.options[.relayAgentInformation].map(Array.init) == option)
        }
        arrival.source.address = IPv4Address(10, 1, 0, 2)
        let reply = conversation.send(relayed(.sample(.discover), with: Self.option82 + [19, 0]), arrival).reply
        #expect(reply?.destination == .relay(Endpoint(address: Self.relay, port: 67)))
    }

    @Test func `65 malformed option 82 comes back all the same, and does not tell clients apart`() throws {
        let conversation = self.conversation()
        let first = conversation.send(relayed(.sample(.discover), with: [1, 9, 9]), fromRelay)
        #expect(first.reply?.packet.options[.relayAgentInformation].map(Array.init) == [1, 9, 9])
        let second = conversation.send(relayed(.sample(.discover), with: [2, 1, 1]), fromRelay)
        #expect(first.yiaddr == second.yiaddr)
    }

    @Test("66 option 82 without a relay is taken or not, as configured", arguments: [true, false])
    func unrelayed(accepted: Bool) {
        var configuration = DHCPConfiguration.sample()
        configuration.acceptsUnrelayedOption82 = accepted
        let conversation = ServerConversation(configuration)
        let outcome = conversation.send(
            .sample(.discover) { $0.options.set(.relayAgentInformation, to: Self.option82) }
        )
        #expect(accepted ? outcome.type == .offer : outcome.ignored == .unrelayed)
        #expect(outcome.reply.map { $0.packet.options.contains(.relayAgentInformation) } ?? !accepted)
    }

    @Test func `67 link selection and option 118 choose the subnet, giaddr still gets the reply`() throws {
        let conversation = self.conversation()
        let elsewhere = IPv4Address(172, 16, 0, 1)
        var byRelay = DHCPPacket.sample(.discover) { $0.options.set(.relayAgentInformation, to: [5, 4, 10, 1, 0, 0]) }
        byRelay.giaddr = elsewhere
        var byClient = DHCPPacket.sample(.discover, mac: mac2) {
            $0.options.set(.subnetSelection, to: IPv4Address(10, 1, 0, 0))
        }
        byClient.giaddr = elsewhere
        for packet in [byRelay, byClient] {
            let reply = try #require(conversation.send(packet, fromRelay).reply)
            #expect(Self.remote.contains(reply.packet.yiaddr))
            #expect(reply.destination == .relay(Endpoint(address: elsewhere, port: 67)))
        }
        let echoed = try #require(conversation.send(byClient, fromRelay).reply?.packet)
        #expect(echoed.options.address(.subnetSelection) == IPv4Address(10, 1, 0, 0))
    }

    @Test func `67 the relay's server identifier override is given and recognised`() throws {
        let conversation = self.conversation()
        let override: [UInt8] = [11, 4, 10, 1, 0, 1]
        let offer = try #require(
            conversation.send(relayed(.sample(.discover), with: override), fromRelay).reply?.packet
        )
        #expect(offer.options.address(.serverIdentifier) == Self.relay && offer.siaddr == serverAddress)
        let request = relayed(
            .sample(.request) { packet in
                packet.options.set(.serverIdentifier, to: Self.relay)
                packet.options.set(.requestedAddress, to: offer.yiaddr)
            },
            with: override
        )
        #expect(conversation.send(request, fromRelay).type == .ack)
    }

    @Test func `68 a network that nobody described is not served`() {
        let conversation = self.conversation()
        var packet = DHCPPacket.sample(.discover)
        packet.giaddr = IPv4Address(172, 16, 0, 1)
        #expect(conversation.send(packet, fromRelay).ignored == .noSubnet)
    }

    @Test func `a renewal past the relay is served from its own network`() throws {
        let conversation = self.conversation()
        let given = try #require(conversation.send(relayed(.sample(.discover)), fromRelay).yiaddr)
        _ = conversation.send(
            relayed(
                .sample(.request) { packet in
                    packet.options.set(.serverIdentifier, to: serverAddress)
                    packet.options.set(.requestedAddress, to: given)
                }
            ),
            fromRelay
        )
        let renewal = DHCPPacket.sample(.request) { $0.ciaddr = given }
        #expect(conversation.send(renewal, arrival(from: given, to: serverAddress)).type == .ack)
    }

    private func query(_ fill: (inout DHCPPacket) -> Void) -> DHCPPacket {
        var packet = DHCPPacket.sample(.leaseQuery, mac: MACAddress(rawValue: 0))
        packet.giaddr = Self.relay
        fill(&packet)
        return packet
    }

    @Test func `71 LEASEQUERY by address, hardware address and client identifier`() throws {
        let conversation = self.conversation()
        let identifier: [UInt8] = [0, 9, 9]
        let given = try #require(conversation.lease { $0.options.set(.clientIdentifier, to: identifier) }?.yiaddr)
        conversation.now = conversation.now + .seconds(100)
        let queries = [
            query { $0.ciaddr = given }, query { $0.chaddr = HardwareAddress(mac1) },
            query { $0.options.set(.clientIdentifier, to: identifier) },
        ]
        for packet in queries {
            let reply = try #require(conversation.send(packet, fromRelay).reply)
            #expect(reply.packet.messageType == .leaseActive && reply.packet.ciaddr == given)
            #expect(reply.packet.chaddr.mac == mac1)
            #expect(reply.packet.options.uint32(.leaseTime) == 3500)
            #expect(reply.packet.options.uint32(.clientLastTransactionTime) == 100)
            #expect(reply.destination == .relay(Endpoint(address: Self.relay, port: 67)))
        }
        #expect(conversation.send(query { $0.ciaddr = address(150) }, fromRelay).type == .leaseUnassigned)
        #expect(conversation.send(query { $0.ciaddr = IPv4Address(8, 8, 8, 8) }, fromRelay).type == .leaseUnknown)
        #expect(conversation.send(query { $0.chaddr = HardwareAddress(mac2) }, fromRelay).type == .leaseUnknown)
    }

    @Test func `71 a client in two networks: the latest address, the other in option 92`() throws {
        let conversation = self.conversation()
        let near = try #require(conversation.lease()?.yiaddr)
        conversation.now = conversation.now + .seconds(10)
        let far = try #require(conversation.lease(mac1, xid: 2, fromRelay) { $0.giaddr = Self.relay }?.yiaddr)
        let reply = try #require(
            conversation.send(query { $0.chaddr = HardwareAddress(mac1) }, fromRelay).reply?.packet
        )
        #expect(reply.ciaddr == far && reply.options.address(.associatedAddresses) == near)
    }

    @Test func `71 LEASEQUERY without giaddr, or from a relay that may not ask: silence`() {
        let conversation = self.conversation()
        #expect(conversation.send(query { $0.giaddr = .any }).ignored == .notPermitted)
        #expect(conversation.send(query { $0.giaddr = IPv4Address(10, 1, 0, 2) }).ignored == .notPermitted)
    }
}
