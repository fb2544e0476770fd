import Testing
import Vocabulary

@testable import PXE

/// Addresses: who gets which, and how long.
@Suite struct DHCPServerTests {
    @Test func `41 DISCOVER of a reserved machine: OFFER with what table 3 wants`() throws {
        let conversation = ServerConversation(hosts: [mac1: Host(name: "n1", address: address(12))])
        let discover = DHCPPacket.sample(.discover) { packet in
            packet.flags = 0x8000
            packet.secs = 9
            packet.options.set(.parameterRequestList, to: [1, 3, 6, 12, 15, 28] as [UInt8])
        }
        let reply = try #require(conversation.send(discover).reply)
        let offer = reply.packet
        #expect(offer.operation == .reply && offer.messageType == .offer)
        #expect(offer.xid == discover.xid && offer.flags == 0x8000 && offer.chaddr == discover.chaddr)
        #expect(offer.giaddr == .any && offer.ciaddr == .any && offer.secs == 0 && offer.hops == 0)
        #expect(offer.yiaddr == address(12))
        #expect(offer.options.address(.serverIdentifier) == serverAddress)
        #expect(offer.options.uint32(.leaseTime) == 3600)
        #expect(offer.options.address(.subnetMask) == network.mask)
        #expect(offer.options.address(.router) == address(254))
        #expect(offer.options.address(.domainNameServers) == address(253))
        #expect(offer.options.address(.broadcastAddress) == address(255))
        #expect(offer.options.text(.hostName) == "n1")
        #expect(offer.options.text(.domainName) == "lab.test")
        #expect(reply.source == Endpoint(address: serverAddress, port: 67))
    }

    @Test func `47 REQUEST that names another server: silence, and our offer is free again`() throws {
        let conversation = ServerConversation(.sample(range: address(100)...address(100)))
        #expect(conversation.send(.sample(.discover)).yiaddr == address(100))
        let request = DHCPPacket.sample(.request) { packet in
            packet.options.set(.serverIdentifier, to: address(99))
            packet.options.set(.requestedAddress, to: address(50))
        }
        let outcome = conversation.send(request)
        #expect(outcome.reply == nil && outcome.ignored == .otherServer)
        #expect(conversation.send(.sample(.discover, mac: mac2)).yiaddr == address(100))
    }

    /// INIT-REBOOT: option 50, no 54, no ciaddr.
    private func reboot(_ wanted: IPv4Address, mac: MACAddress = mac1) -> DHCPPacket {
        .sample(.request, mac: mac) { $0.options.set(.requestedAddress, to: wanted) }
    }

    @Test func `48 INIT-REBOOT: ACK for the right address, NAK for a wrong one or a wrong network`() throws {
        let conversation = ServerConversation(hosts: [mac1: Host(name: "n1", address: address(12))])
        #expect(conversation.send(reboot(address(12))).type == .ack)
        #expect(conversation.send(reboot(address(13))).type == .nak)
        #expect(conversation.send(reboot(IPv4Address(10, 0, 0, 9))).type == .nak)
        let nak = try #require(conversation.send(reboot(address(13))).reply?.packet)
        #expect(nak.yiaddr == .any && nak.siaddr == .any && !nak.options.contains(.leaseTime))
        #expect(nak.options.address(.serverIdentifier) == serverAddress)
    }

    @Test func `48 INIT-REBOOT of an unknown client: silence, but NAK on a wrong network`() {
        let conversation = ServerConversation()
        #expect(conversation.send(reboot(address(120), mac: mac2)).ignored == .unknownClient)
        #expect(conversation.send(reboot(IPv4Address(10, 0, 0, 9), mac: mac2)).type == .nak)
    }

    @Test func `48 no NAK where we are not the authority`() {
        var configuration = DHCPConfiguration.sample()
        configuration.isAuthoritative = false
        let conversation = ServerConversation(configuration)
        #expect(conversation.send(reboot(IPv4Address(10, 0, 0, 9))).reply == nil)
    }

    @Test("49 RENEWING and REBINDING: ACK for the holder, NAK or silence for others", arguments: [true, false])
    func renew(isUnicast: Bool) throws {
        let conversation = ServerConversation()
        let given = try #require(conversation.lease()?.yiaddr)
        let from = isUnicast ? arrival(from: given, to: serverAddress) : arrival(from: given)
        conversation.now = conversation.now + .seconds(1800)
        let renewal = conversation.send(.sample(.request) { $0.ciaddr = given }, from)
        #expect(renewal.type == .ack && renewal.yiaddr == given)
        #expect(renewal.reply?.destination == .unicast(Endpoint(address: given, port: 68)))
        #expect(renewal.change?.binding.lease.expiry == conversation.now.wall + .seconds(3600))
        let stranger = conversation.send(.sample(.request, mac: mac2) { $0.ciaddr = given }, from)
        #expect(isUnicast ? stranger.type == .nak : stranger.ignored == .unknownClient)
        let foreign = conversation.send(.sample(.request, mac: mac2) { $0.ciaddr = IPv4Address(10, 0, 0, 9) }, from)
        #expect(foreign.type == .nak)
    }

    @Test("49 nobody renews what he never had, though it is free", arguments: [true, false])
    func renewOther(isUnicast: Bool) throws {
        let conversation = ServerConversation()
        let given = try #require(conversation.lease()?.yiaddr)
        let free = given.advanced(by: 7)
        let from = isUnicast ? arrival(from: free, to: serverAddress) : arrival(from: free)
        #expect(conversation.send(.sample(.request) { $0.ciaddr = free }, from).type == .nak)
        #expect(conversation.send(.sample(.request) { $0.ciaddr = given }, arrival(from: given)).type == .ack)
    }

    @Test func `49 a renewal of what is now reserved for another is refused`() throws {
        let conversation = ServerConversation()
        let given = try #require(conversation.lease()?.yiaddr)
        conversation.authority.describe(mac2, Host(name: "n2", address: given))
        let renewal = DHCPPacket.sample(.request) { $0.ciaddr = given }
        #expect(conversation.send(renewal, arrival(to: serverAddress)).type == .nak)
    }

    @Test func `50 two DISCOVERs at once get two addresses, and an offer ends with its time`() {
        let conversation = ServerConversation(.sample(range: address(100)...address(101)))
        let first = conversation.send(.sample(.discover, mac: mac1)).yiaddr
        let second = conversation.send(.sample(.discover, mac: mac2)).yiaddr
        #expect(first == address(100) && second == address(101))
        let third = MACAddress("52:54:00:00:00:03")!
        #expect(conversation.send(.sample(.discover, mac: third)).ignored == .noAddress)
        conversation.now = conversation.now + .seconds(61)
        #expect(conversation.send(.sample(.discover, mac: third)).yiaddr == address(100))
    }

    @Test func `51 a repeated DISCOVER gets the same offer`() {
        let conversation = ServerConversation()
        let first = conversation.send(.sample(.discover)).yiaddr
        #expect(conversation.send(.sample(.discover)).yiaddr == first)
        #expect(conversation.send(.sample(.discover, xid: 99)).yiaddr == first)
    }

    @Test func `52 DECLINE: quarantine, an event, another address next`() throws {
        let conversation = ServerConversation()
        let given = try #require(conversation.lease()?.yiaddr)
        let decline = DHCPPacket.sample(.decline) { packet in
            packet.options.set(.serverIdentifier, to: serverAddress)
            packet.options.set(.requestedAddress, to: given)
        }
        let outcome = conversation.send(decline)
        #expect(outcome.reply == nil && outcome.change?.binding.lease.state == .declined)
        #expect(outcome.observations == [.declined(given, by: mac1)])
        let next = try #require(conversation.lease(xid: 2)?.yiaddr)
        #expect(next != given)
        #expect(conversation.lease(mac2)?.yiaddr != given)
    }

    @Test func `52 nobody declines what he was not given`() {
        let conversation = ServerConversation()
        let decline = DHCPPacket.sample(.decline, mac: mac2) { packet in
            packet.options.set(.serverIdentifier, to: serverAddress)
            packet.options.set(.requestedAddress, to: address(100))
        }
        #expect(conversation.send(decline).ignored == .unknownClient)
    }

    @Test func `53 RELEASE: no reply, the address waits for its client, another may have it in need`() throws {
        let conversation = ServerConversation(.sample(range: address(100)...address(101)))
        let given = try #require(conversation.lease()?.yiaddr)
        let release = DHCPPacket.sample(.release) { packet in
            packet.ciaddr = given
            packet.options.set(.serverIdentifier, to: serverAddress)
        }
        let outcome = conversation.send(release)
        #expect(outcome.reply == nil && outcome.change?.binding.lease.state == .released)
        #expect(conversation.lease(mac2)?.yiaddr == address(101), "what nobody ever had goes first")
        #expect(conversation.send(.sample(.discover, xid: 5)).yiaddr == given)
        conversation.now = conversation.now + .seconds(61)
        #expect(conversation.lease(MACAddress("52:54:00:00:00:03")!)?.yiaddr == given)
    }

    @Test func `54 INFORM: ACK to ciaddr without an address and without times`() throws {
        let conversation = ServerConversation()
        let inform = DHCPPacket.sample(.inform) { packet in
            packet.ciaddr = address(77)
            packet.options.set(.parameterRequestList, to: [1, 3, 6] as [UInt8])
        }
        let reply = try #require(conversation.send(inform, arrival(from: address(77))).reply)
        #expect(reply.packet.messageType == .ack && reply.packet.yiaddr == .any)
        #expect(reply.destination == .unicast(Endpoint(address: address(77), port: 68)))
        for code in [DHCPOptionCode.leaseTime, .renewalTime, .rebindingTime] {
            #expect(!reply.packet.options.contains(code))
        }
        #expect(reply.packet.options.address(.router) == address(254))
    }

    @Test func `62 the same machine with other client identifiers keeps its address`() throws {
        let conversation = ServerConversation()
        let rom = try #require(conversation.lease(xid: 1)?.yiaddr)
        let loader = conversation.lease(xid: 2) { $0.options.set(.clientIdentifier, to: [1] + mac1.octets) }
        let system = conversation.lease(xid: 3) { $0.options.set(.clientIdentifier, to: [255, 1, 2, 3, 4, 0, 4, 9]) }
        #expect(loader?.yiaddr == rom && system?.yiaddr == rom)
    }

    @Test func `62 the knob: clients are told apart by option 61`() throws {
        var configuration = DHCPConfiguration.sample()
        configuration.identification = .clientIdentifier
        let conversation = ServerConversation(configuration)
        let first = try #require(conversation.lease(xid: 1) { $0.options.set(.clientIdentifier, to: [0, 1]) }?.yiaddr)
        #expect(conversation.lease(xid: 2) { $0.options.set(.clientIdentifier, to: [0, 2]) }?.yiaddr != first)
        #expect(conversation.lease(mac2, xid: 3) { $0.options.set(.clientIdentifier, to: [0, 1]) }?.yiaddr == first)
    }

    @Test func `70 T1 is half, T2 seven eighths, and a client may ask for less`() throws {
        let conversation = ServerConversation()
        let ack = try #require(conversation.lease()?.reply?.packet)
        #expect(ack.options.uint32(.renewalTime) == 1800 && ack.options.uint32(.rebindingTime) == 3150)
        let brief = conversation.lease(xid: 2) { $0.options.set(.leaseTime, to: UInt32(600)) }
        #expect(brief?.reply?.packet.options.uint32(.leaseTime) == 600)
        let greedy = conversation.lease(xid: 3) { $0.options.set(.leaseTime, to: UInt32.max) }
        #expect(greedy?.reply?.packet.options.uint32(.leaseTime) == 3600)
    }

    @Test func `70 a restart keeps leases, and a failed write gives nothing new`() throws {
        let conversation = ServerConversation()
        let outcome = try #require(conversation.lease())
        let change = try #require(outcome.change)
        #expect(!change.isRenewal)
        let restarted = ServerConversation(leases: [change.binding.lease])
        #expect(restarted.send(.sample(.discover)).yiaddr == outcome.yiaddr)
        #expect(restarted.send(.sample(.discover, mac: mac2)).yiaddr != outcome.yiaddr)

        #expect(conversation.notWritten(change) == false)
        #expect(conversation.server.leases.bindings.isEmpty)
        let granted = try #require(conversation.lease(xid: 2)?.change)
        let renewal = try #require(conversation.lease(xid: 3)?.change)
        #expect(!granted.isRenewal && renewal.isRenewal)
        #expect(conversation.notWritten(renewal))
        #expect(conversation.server.leases.bindings.count == 1)
    }

    @Test func `a lease that is on the disk and hardly older is given again with what is left of it, and not written`()
        throws
    {
        let conversation = ServerConversation()
        let granted = try #require(conversation.lease()?.change)
        conversation.now.wall = conversation.now.wall + .seconds(1)
        conversation.now.uptime += .seconds(1)
        #expect(conversation.lease(xid: 2)?.change != nil, "it is not on the disk yet")
        conversation.server.written(granted)
        #expect(conversation.lease(xid: 3)?.change != nil, "what is on the disk is another")
        conversation.server.written(try #require(conversation.lease(xid: 5)?.change))
        conversation.now.wall = conversation.now.wall + .seconds(100)
        conversation.now.uptime += .seconds(100)
        let again = try #require(conversation.lease(xid: 6))
        #expect(again.type == .ack && again.change == nil)
        let options = try #require(again.reply?.packet.options)
        #expect(options.uint32(.leaseTime) == 3500 && options.uint32(.renewalTime) == 1750)
        #expect(conversation.lease(xid: 7) { $0.options.set(.hostName, to: "other") }?.change != nil)
        #expect(conversation.lease(xid: 8) { $0.options.set(.leaseTime, to: UInt32(600)) }?.change != nil)
        conversation.server.written(try #require(conversation.lease(xid: 9)?.change))
        conversation.now.wall = conversation.now.wall + .seconds(86_400)
        conversation.server.written(try #require(conversation.lease(xid: 10)?.change, "the wall clock stepped"))
        conversation.now.wall = conversation.now.wall + .seconds(500)
        conversation.now.uptime += .seconds(500)
        #expect(conversation.lease(xid: 11)?.change != nil, "an eighth of it is over")
    }

    @Test("73 a clock that steps ends no lease", arguments: [-86_400 * 365, 86_400 * 365])
    func clockStep(seconds: Int) throws {
        let conversation = ServerConversation()
        let given = try #require(conversation.lease()?.yiaddr)
        conversation.now.wall = conversation.now.wall + .seconds(seconds)
        conversation.now.uptime += .seconds(10)
        for octet in UInt8(2)...100 {
            _ = conversation.lease(MACAddress(octets: [0x52, 0x54, 0, 0, 1, octet])!, xid: UInt32(octet))
        }
        #expect(conversation.server.leases.isFree(given, for: .init(mac: mac2), now: conversation.now.uptime) == false)
        let renewal = conversation.send(.sample(.request) { $0.ciaddr = given }, arrival(to: serverAddress))
        #expect(renewal.type == .ack)
    }

    @Test func `73 a clock behind its leases at the start makes none of them eternal`() {
        let lease = Lease(address: address(100), mac: mac1, expiry: start.wall + .seconds(86_400 * 3650))
        let conversation = ServerConversation(leases: [lease])
        let later = start.uptime + .seconds(86_401)
        #expect(conversation.server.leases.isFree(address(100), for: .init(mac: mac2), now: later))
    }

    @Test func `131 two NICs of a machine have two addresses`() {
        let hosts = [mac1: Host(name: "n1", address: address(12)), mac2: Host(name: "n1", address: address(13))]
        let conversation = ServerConversation(hosts: hosts)
        #expect(conversation.lease(mac1)?.yiaddr == address(12))
        #expect(conversation.lease(mac2)?.yiaddr == address(13))
    }

    @Test func `132 a BMC on the machine's NIC gets an address of its own pool, not the machine's`() {
        var configuration = DHCPConfiguration.sample()
        configuration.subnets[0].pools.append(.init(range: address(230)...address(239), vendorClass: "udhcp 1.2"))
        let conversation = ServerConversation(configuration, hosts: [mac1: Host(name: "n1", address: address(12))])
        #expect(conversation.lease { $0.options.set(.vendorClass, to: "udhcp 1.23.1") }?.yiaddr == address(230))
        #expect(conversation.lease { $0.becomePXE(.x64) }?.yiaddr == address(12))
    }

    @Test func `133 a client that comes back after its offer ended is offered again`() throws {
        let conversation = ServerConversation()
        let offer = try #require(conversation.send(.sample(.discover)).yiaddr)
        conversation.now = conversation.now + .seconds(120)
        #expect(conversation.send(.sample(.discover, mac: mac2)).yiaddr == address(101))
        let request = DHCPPacket.sample(.request) { packet in
            packet.options.set(.serverIdentifier, to: serverAddress)
            packet.options.set(.requestedAddress, to: offer)
        }
        #expect(conversation.send(request).type == .ack, "late, but nobody else has it")
    }

    @Test func `a reserved address is for nobody else, and a network without a pool serves only the described`() {
        let hosts = [mac1: Host(name: "n1", address: address(100))]
        let pooled = ServerConversation(.sample(range: address(100)...address(101)), hosts: hosts)
        #expect(pooled.lease(mac2)?.yiaddr == address(101))
        #expect(pooled.lease(mac1)?.yiaddr == address(100))
        let closed = ServerConversation(.sample(range: nil), hosts: hosts)
        #expect(closed.lease(mac1)?.yiaddr == address(100))
        #expect(closed.send(.sample(.discover, mac: mac2)).ignored == .noAddress)
    }

    @Test func `a pool that is empty is reported once a minute`() {
        let conversation = ServerConversation(.sample(range: address(100)...address(100)))
        _ = conversation.lease(mac1)
        let first = conversation.send(.sample(.discover, mac: mac2)).observations
        #expect(first == [.poolExhausted(network)])
        #expect(conversation.send(.sample(.discover, mac: mac2)).observations == [])
    }
}
