import Testing
import Vocabulary

@Suite struct MACAddressTests {
    @Test(arguments: ["52:54:00:12:34:56", "52-54-00-12-34-56", "525400123456", "52:54:00:12:34:56".uppercased()])
    func `every usual spelling is one address`(text: String) throws {
        let address = try #require(MACAddress(text))
        #expect(address.rawValue == 0x5254_0012_3456)
        #expect(address.description == "52:54:00:12:34:56")
        #expect(address.hyphenated == "52-54-00-12-34-56")
        #expect(address.octets == [0x52, 0x54, 0, 0x12, 0x34, 0x56])
        #expect(MACAddress(octets: address.octets) == address)
    }

    @Test(arguments: [
        "", "52:54:00:12:34", "52:54:00:12:34:56:78", "52:54-00:12:34:56", "5254:0012:3456", "52:54:00:12:34:5g",
        ":52:54:00:12:34:56", "52:54:00:12:34:56:", " 52:54:00:12:34:56", "52:54:00:12:34:5６", "52540012345",
        "52:54:00:123456",
    ])
    func `everything else is none`(text: String) {
        #expect(MACAddress(text) == nil)
    }

    @Test func `groups and zero belong to no machine`() throws {
        for text in ["00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01"] {
            #expect(try #require(MACAddress(text)).isGroupOrZero)
        }
        #expect(try !#require(MACAddress("52:54:00:00:00:01")).isGroupOrZero)
    }
}

@Suite struct IPv4Tests {
    @Test(arguments: [("0.0.0.0", 0), ("192.168.77.1", 0xc0a8_4d01), ("255.255.255.255", UInt32.max)])
    func `dotted decimal round-trips`(text: String, value: UInt32) throws {
        let address = try #require(IPv4Address(text))
        #expect(address.rawValue == value)
        #expect(address.description == text)
        #expect(IPv4Address(octets: address.octets) == address)
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1..2.3", "1.2.3.4 ", "a.b.c.d", "1.2.3.٤", ".1.2.3",
    ])
    func `everything else is none`(text: String) {
        #expect(IPv4Address(text) == nil)
    }

    @Test(arguments: [
        ("192.168.77.0/24", "255.255.255.0", "192.168.77.255"),
        ("10.0.0.0/8", "255.0.0.0", "10.255.255.255"),
        ("0.0.0.0/0", "0.0.0.0", "255.255.255.255"),
        ("10.1.2.3/32", "255.255.255.255", "10.1.2.3"),
    ])
    func `a network has a mask and a broadcast address`(text: String, mask: String, broadcast: String) throws {
        let network = try #require(IPv4Network(text))
        #expect(network.description == text)
        #expect(network.mask.description == mask)
        #expect(network.broadcast.description == broadcast)
    }

    @Test(arguments: [
        "192.168.77.1/24", "192.168.77.0", "192.168.77.0/33", "192.168.77.0/024", "192.168.77.0/-1", "/24",
    ])
    func `host bits and odd prefixes are refused`(text: String) {
        #expect(IPv4Network(text) == nil)
    }

    @Test func `the ends of a network are no hosts, but for point-to-point links`() throws {
        let network = try #require(IPv4Network("10.0.0.0/30"))
        #expect((0...4).map { network.isHost(IPv4Address(10, 0, 0, $0)) } == [false, true, true, false, false])
        #expect(try #require(IPv4Network("10.0.0.0/31")).isHost(IPv4Address(10, 0, 0, 0)))
    }
}
