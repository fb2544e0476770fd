import Testing
import Vocabulary

@testable import PXE

/// Pools beside reservations, and over time.
@Suite struct AddressPoolTests {
    private let mac3 = MACAddress("52:54:00:00:00:03")!

    private func probing(_ range: ClosedRange<IPv4Address>) -> DHCPConfiguration {
        var configuration = DHCPConfiguration.sample(range: range)
        configuration.probesAddresses = true
        return configuration
    }

    @Test func `an address that is reserved after it was probed is for nobody else, and comes back`() {
        let conversation = ServerConversation(probing(address(100)...address(102)))
        for wanted in conversation.addressesToProbe() { conversation.server.probed(wanted, .free) }
        conversation.authority.describe(mac1, Host(name: "n1", address: address(100)))
        #expect(conversation.lease(mac2)?.yiaddr == address(101))
        #expect(conversation.lease(mac3)?.yiaddr == address(102))
        #expect(conversation.lease(mac1)?.yiaddr == address(100))
        let byName = conversation.send(
            .sample(.discover, mac: mac3, xid: 9) { $0.options.set(.requestedAddress, to: address(100)) }
        )
        #expect(byName.yiaddr == address(102))
    }

    @Test func `an address whose reservation has gone is asked for and given`() {
        let hosts = [mac1: Host(name: "n1", address: address(100))]
        let conversation = ServerConversation(probing(address(100)...address(100)), hosts: hosts)
        #expect(conversation.addressesToProbe() == [])
        conversation.authority.describe(mac1, nil)
        conversation.now = conversation.now + .seconds(61)
        #expect(conversation.addressesToProbe() == [address(100)])
        conversation.server.probed(address(100), .free)
        #expect(conversation.lease(mac2)?.yiaddr == address(100))
    }

    @Test func `a reservation of what another has: he is refused, its machine has one of the pool until it is free`() {
        let conversation = ServerConversation(.sample(range: address(100)...address(102)))
        #expect(conversation.lease(mac1)?.yiaddr == address(100))
        conversation.authority.describe(mac2, Host(name: "n2", address: address(100)))
        #expect(conversation.lease(mac2)?.yiaddr == address(101))
        let renewal = DHCPPacket.sample(.request) { $0.ciaddr = address(100) }
        #expect(conversation.send(renewal, arrival(from: address(100), to: serverAddress)).type == .nak)
        #expect(conversation.lease(mac1, xid: 5)?.yiaddr == address(102))
        conversation.now = conversation.now + .seconds(3601)
        #expect(conversation.lease(mac2, xid: 6)?.yiaddr == address(100))
    }

    @Test func `a machine keeps the pool's address until its own is free, then it is moved`() {
        let conversation = ServerConversation(.sample(range: address(100)...address(102)))
        _ = conversation.lease(mac1)
        conversation.authority.describe(mac2, Host(name: "n2", address: address(100)))
        _ = conversation.lease(mac2)
        let renewal = DHCPPacket.sample(.request, mac: mac2) { $0.ciaddr = address(101) }
        let alone = arrival(from: address(101), to: serverAddress)
        conversation.now = conversation.now + .seconds(1800)
        #expect(conversation.send(renewal, alone).type == .ack)
        conversation.now = conversation.now + .seconds(1801)
        #expect(conversation.send(renewal, alone).type == .nak)
        #expect(conversation.lease(mac2, xid: 7)?.yiaddr == address(100))
    }

    @Test("a reload keeps what was probed, and nobody waits again", arguments: [UInt8(102), 110])
    func reload(last: UInt8) {
        let conversation = ServerConversation(probing(address(100)...address(102)))
        #expect(conversation.addressesToProbe().count == 3)
        conversation.server.probed(address(100), .free)
        conversation.server.probed(address(101), .taken)
        conversation.now = conversation.now + .seconds(3)
        conversation.server = conversation.server.reconfigured(
            probing(address(100)...address(last)),
            now: conversation.now
        )
        #expect(conversation.lease(mac1)?.yiaddr == address(100))
        let asked = conversation.addressesToProbe()
        #expect(asked == (103..<max(103, last + 1)).map { address($0) }, "102 is on its way, 101 is somebody's")
        conversation.server.probed(address(102), .free)
        #expect(conversation.lease(mac2)?.yiaddr == address(102))
    }

    @Test func `what was asked on a link that went is asked again`() {
        let conversation = ServerConversation(probing(address(100)...address(101)))
        #expect(conversation.addressesToProbe().count == 2)
        conversation.server.probed(address(100), .free)
        conversation.server.abandonProbes(on: .sample)
        #expect(conversation.addressesToProbe() == [address(101)])
    }

    @Test func `ten thousand reservations and a pool of sixty thousand: the first client does not wait`() {
        let first = IPv4Address(10, 1, 0, 1)
        var hosts: [MACAddress: Host] = [:]
        for number in 0..<10_000 {
            let mac = MACAddress(rawValue: 0x5254_0100_0000 + UInt64(number))
            hosts[mac] = Host(name: "n\(number)", address: first.advanced(by: number))
        }
        var configuration = DHCPConfiguration.sample(range: nil)
        let pool = DHCPSubnet.Pool(range: first...IPv4Address(10, 1, 255, 254))
        configuration.subnets = [DHCPSubnet(network: IPv4Network("10.1.0.0/16")!, pools: [pool])]
        let link = DHCPLink(name: "eth0", addresses: [.init(IPv4Address(10, 1, 255, 254), prefixLength: 16)])
        let conversation = ServerConversation(configuration, hosts: hosts)
        let begun = ContinuousClock.now
        let given = conversation.lease(mac1, arrival(link: link))?.yiaddr
        #expect(given == first.advanced(by: 10_000))
        #expect(ContinuousClock.now - begun < .seconds(1))
    }
}
