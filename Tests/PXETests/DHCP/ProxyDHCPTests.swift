import Testing
import Vocabulary

@testable import PXE

/// Booting: beside another server, on port 4011, and in our own offers.
@Suite struct ProxyDHCPTests {
    private func proxy(_ hosts: [MACAddress: Host] = [:]) -> Subject<ProxyDHCP> {
        Subject(ProxyDHCP(configuration: .sample(mode: .proxy), authority: FixedAuthority(hosts: hosts)))
    }

    private let to4011 = arrival(from: address(77), port: 4011, to: serverAddress)

    @Test(
        "75 a plain client gets nothing from a proxy",
        arguments: [
            DHCPMessageType.discover, .request, .inform, .release, .decline, .leaseQuery,
        ]
    )
    func plain(type: DHCPMessageType) {
        let proxy = self.proxy()
        let packets = [
            DHCPPacket.sample(type), .sample(type) { $0.options.set(.vendorClass, to: "udhcp 1.35") },
            .sample(type) { $0.options.set(.vendorClass, to: "xPXEClient") },
        ]
        for packet in packets {
            for arrival in [arrival(), to4011] {
                let outcome = proxy.receive(packet, from: arrival, now: start)
                #expect(outcome.reply == nil && outcome.observations.isEmpty)
            }
        }
    }

    @Test func `76 a proxy offer: no address, PXEClient, 97 mirrored, no lease`() throws {
        let proxy = self.proxy()
        let discover = DHCPPacket.sample(.discover) { $0.becomePXE(.bios) }
        let reply = try #require(proxy.receive(discover, from: arrival(), now: start).reply)
        #expect(reply.packet.messageType == .offer && reply.packet.yiaddr == .any)
        #expect(reply.packet.options.text(.vendorClass) == "PXEClient")
        #expect(reply.packet.options[.clientMachineIdentifier] == discover.options[.clientMachineIdentifier])
        #expect(reply.packet.options.address(.serverIdentifier) == serverAddress)
        #expect(reply.packet.siaddr == serverAddress, "iPXE refuses 0.0.0.0")
        for code in [DHCPOptionCode.leaseTime, .subnetMask, .router] { #expect(!reply.packet.options.contains(code)) }
        #expect(reply.destination == .broadcast(port: 68) && reply.source.port == 67)
        #expect(reply.packet.flags == discover.flags)
    }

    @Test("77 option 97: absent stays absent, empty is not sent back", arguments: [nil, []] as [[UInt8]?])
    func machineIdentifier(value: [UInt8]?) throws {
        let discover = DHCPPacket.sample(.discover) { packet in
            packet.becomePXE(.bios)
            packet.options.remove(.clientMachineIdentifier)
            if let value { packet.options.set(.clientMachineIdentifier, to: value) }
        }
        let proxy = self.proxy()
        let reply = try #require(proxy.receive(discover, from: arrival(), now: start).reply)
        #expect(!reply.packet.options.contains(.clientMachineIdentifier))
        let conversation = ServerConversation()
        #expect(conversation.send(discover).reply?.packet.options.contains(.clientMachineIdentifier) == false)
    }

    @Test("82, 86 sub-option 6 is 8 in every offer with a file", arguments: [ClientArchitecture.bios, .x64, .arm64])
    func discoveryControl(architecture: ClientArchitecture) {
        let discover = DHCPPacket.sample(.discover) { $0.becomePXE(architecture) }
        let (proxy, conversation) = (self.proxy(), ServerConversation())
        for reply in [proxy.receive(discover, from: arrival(), now: start).reply, conversation.send(discover).reply] {
            #expect(reply?.packet.options[.vendorInformation].map(Array.init) == [6, 1, 8, 255])
            #expect(reply?.packet.options.text(.vendorClass) == "PXEClient")
        }
    }

    @Test func `84 a REQUEST to 4011 gets an ACK from 4011 with file and siaddr, without discovery control`() throws {
        let proxy = self.proxy()
        let request = DHCPPacket.sample(.request) { packet in
            packet.becomePXE(.x64)
            packet.ciaddr = address(77)
        }
        let reply = try #require(proxy.receive(request, from: to4011, now: start).reply)
        #expect(reply.packet.messageType == .ack && reply.source == Endpoint(address: serverAddress, port: 4011))
        #expect(reply.destination == .unicast(Endpoint(address: address(77), port: 4011)))
        #expect(reply.packet.siaddr == serverAddress && reply.packet.file == Array("ipxe.efi".utf8))
        #expect(reply.packet.options.text(.bootFileName) == "ipxe.efi")
        #expect(!reply.packet.options.contains(.vendorInformation) && !reply.packet.options.contains(.leaseTime))
    }

    @Test(
        "85 boot server discovery: type and layer come back",
        arguments: [DHCPMessageType.request, .discover, .inform]
    )
    func bootItem(type: DHCPMessageType) throws {
        let proxy = self.proxy()
        let request = DHCPPacket.sample(type) { packet in
            packet.becomeIPXE()
            packet.ciaddr = address(77)
            packet.options.set(.vendorInformation, to: [71, 4, 0x80, 0, 0x80, 0, 255] as [UInt8])
        }
        let reply = try #require(proxy.receive(request, from: to4011, now: start).reply)
        let item = reply.packet.options[.vendorInformation].flatMap { PXEVendorOptions(parsing: $0) }?.bootItem
        #expect(item == .init(type: 0x8000, layer: 0x8000) && item?.asksForCredentials == true)
        #expect(reply.packet.options.text(.bootFileName) == "http://192.168.77.1:8080/boot.ipxe")
    }

    @Test func `84 a REQUEST to 4011 that names another server is not ours`() {
        let proxy = self.proxy()
        let request = DHCPPacket.sample(.request) { packet in
            packet.becomePXE(.x64)
            packet.options.set(.serverIdentifier, to: address(3))
        }
        #expect(proxy.receive(request, from: to4011, now: start).ignored == .otherServer)
    }

    @Test func `87 what iPXE wants of a proxy: from 4011, the same server identifier, PXE options`() throws {
        let proxy = self.proxy()
        let discover = DHCPPacket.sample(.discover) { $0.becomeIPXE() }
        let offer = try #require(proxy.receive(discover, from: arrival(), now: start).reply)
        let request = DHCPPacket.sample(.request) { packet in
            packet.becomeIPXE()
            packet.ciaddr = address(77)
        }
        let ack = try #require(proxy.receive(request, from: to4011, now: start).reply)
        #expect(ack.source.port == 4011)
        #expect(ack.packet.options[.serverIdentifier] == offer.packet.options[.serverIdentifier])
        #expect(ack.packet.options.contains(.vendorInformation) && offer.packet.options.contains(.vendorInformation))
        #expect(offer.packet.file == Array("http://192.168.77.1:8080/boot.ipxe".utf8))
    }

    @Test func `88 a broadcast REQUEST on port 67 is not for a proxy`() {
        let proxy = self.proxy()
        let request = DHCPPacket.sample(.request) { packet in
            packet.becomePXE(.bios)
            packet.options.set(.serverIdentifier, to: address(2))
        }
        #expect(proxy.receive(request, from: arrival(), now: start).ignored == .messageType)
    }

    @Test func `91 iPXE is told not to wait for a proxy, by the server alone`() throws {
        let discover = DHCPPacket.sample(.discover) { $0.becomeIPXE() }
        let (proxy, conversation) = (self.proxy(), ServerConversation())
        #expect(conversation.send(discover).reply?.packet.options[.ipxe].map(Array.init) == [176, 1, 1])
        #expect(proxy.receive(discover, from: arrival(), now: start).reply?.packet.options.contains(.ipxe) == false)
        let pxe = DHCPPacket.sample(.discover, mac: mac2) { $0.becomePXE(.bios) }
        #expect(conversation.send(pxe).reply?.packet.options.contains(.ipxe) == false)
    }

    @Test("98, 102 HTTP boot: HTTPClient and a URL, whatever the reservation says", arguments: [true, false])
    func httpBoot(isServer: Bool) throws {
        let hosts = [mac1: Host(name: "n1", address: address(12), loader: "shimx64.efi")]
        let discover = DHCPPacket.sample(.discover) { $0.becomePXE(.x64HTTP, class: "HTTPClient") }
        let (proxy, conversation) = (self.proxy(hosts), ServerConversation(hosts: hosts))
        let reply = try #require(
            isServer ? conversation.send(discover).reply : proxy.receive(discover, from: arrival(), now: start).reply
        )
        let options = reply.packet.options
        #expect(options.text(.vendorClass) == "HTTPClient")
        #expect(options.text(.bootFileName) == "http://192.168.77.1:8080/loader/shimx64.efi")
        #expect(reply.packet.file == Array("http://192.168.77.1:8080/loader/shimx64.efi".utf8))
        #expect(!options.contains(.vendorInformation))
    }

    @Test("99, 100: the answer is of the class that asked, and HTTPClient only with a file", arguments: [true, false])
    func answerByClass(isServer: Bool) {
        let cases: [(String, ClientArchitecture, String?, String?)] = [
            ("PXEClient", .x64, "PXEClient", "ipxe.efi"),
            ("HTTPClient", .x64HTTP, "HTTPClient", "http://192.168.77.1:8080/loader/ipxe.efi"),
            ("HTTPClient", ClientArchitecture(rawValue: 0x7777), nil, nil),
        ]
        for (asked, architecture, answered, file) in cases {
            let (proxy, conversation) = (self.proxy(), ServerConversation())
            let discover = DHCPPacket.sample(.discover) { $0.becomePXE(architecture, class: asked) }
            let options =
                (isServer
                ? conversation.send(discover).reply : proxy.receive(discover, from: arrival(), now: start).reply)?
                .packet.options
            #expect(options?.text(.vendorClass) == answered)
            #expect(options?.text(.bootFileName) == file)
        }
    }

    @Test func `101: HTTP boot gets the name servers it asks for, and a URL that needs none`() throws {
        let conversation = ServerConversation()
        let discover = DHCPPacket.sample(.discover) { packet in
            packet.becomePXE(.x64HTTP, class: "HTTPClient")
            packet.options.set(.parameterRequestList, to: [1, 3, 6, 60, 67] as [UInt8])
        }
        let options = try #require(conversation.send(discover).reply).packet.options
        #expect(options.address(.domainNameServers) == address(253))
        #expect(options.text(.bootFileName)?.hasPrefix("http://192.168.77.1:8080/") == true)
    }

    @Test func `a machine that must not boot gets an address and nothing to boot`() throws {
        let hosts = [mac1: Host(name: "n1", address: address(12), mayBoot: false)]
        let discover = DHCPPacket.sample(.discover) { $0.becomePXE(.x64) }
        let (proxy, conversation) = (self.proxy(hosts), ServerConversation(hosts: hosts))
        let offer = try #require(conversation.send(discover).reply?.packet)
        #expect(offer.yiaddr == address(12) && offer.file.isEmpty && !offer.options.contains(.vendorClass))
        #expect(proxy.receive(discover, from: arrival(), now: start).reply == nil)
    }

    @Test func `an address that a relay's client takes from the other server is passed on, unanswered`() {
        let relay = IPv4Address(10, 9, 0, 1)
        let proxy = self.proxy()
        func outcome(_ type: DHCPMessageType, _ change: (inout DHCPPacket) -> Void) -> DHCPOutcome {
            let packet = DHCPPacket.sample(type) { packet in
                packet.becomePXE(.x64)
                packet.giaddr = relay
                change(&packet)
            }
            return proxy.receive(packet, from: arrival(from: relay, to: serverAddress), now: start)
        }
        let taken = Observation.addressed(IPv4Address(10, 9, 0, 7), mac: mac1)
        let selecting = outcome(.request) { $0.options.set(.requestedAddress, to: IPv4Address(10, 9, 0, 7)) }
        #expect(selecting.reply == nil && selecting.observations == [taken])
        let renewing = outcome(.request) { $0.ciaddr = IPv4Address(10, 9, 0, 7) }
        #expect(renewing.reply == nil && renewing.observations == [taken])
        #expect(outcome(.request) { _ in }.observations.isEmpty)
        let release = outcome(.release) { $0.ciaddr = IPv4Address(10, 9, 0, 7) }
        #expect(release.observations.isEmpty)
        let near = outcome(.request) { packet in
            packet.giaddr = .any
            packet.options.set(.requestedAddress, to: address(77))
        }
        #expect(near.observations.isEmpty, "whose an address on the link is, the link itself says")
    }

    @Test func `rogue servers: every other one beside a server, the second one beside a proxy`() {
        func offer(_ server: IPv4Address) -> DHCPPacket {
            var packet = DHCPPacket(operation: .reply, xid: 1, chaddr: HardwareAddress(mac1))
            packet.yiaddr = address(9)
            packet.options.set(.messageType, to: [2] as [UInt8])
            packet.options.set(.serverIdentifier, to: server)
            return packet
        }
        let watch = Subject(RogueWatch(mode: .server))
        #expect(watch.saw(reply: offer(serverAddress), from: nil, on: .sample, now: start) == nil)
        let rogue = Observation.rogueServer(address(66), mac: mac2, interface: "eth0")
        #expect(watch.saw(reply: offer(address(66)), from: mac2, on: .sample, now: start) == rogue)
        #expect(watch.saw(reply: offer(address(66)), from: mac2, on: .sample, now: start) == nil, "once")
        let later = start + .seconds(601)
        #expect(watch.saw(reply: offer(address(66)), from: mac2, on: .sample, now: later) == rogue)

        let proxied = Subject(RogueWatch(mode: .proxy))
        #expect(proxied.saw(reply: offer(address(2)), from: mac2, on: .sample, now: start) == nil)
        #expect(proxied.saw(reply: offer(address(66)), from: mac2, on: .sample, now: start) == rogue)
    }
}
