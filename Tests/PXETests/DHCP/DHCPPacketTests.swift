import Testing
import Vocabulary

@testable import PXE

@Suite struct DHCPPacketTests {
    private func encoded(_ fill: (inout DHCPPacket) -> Void = { _ in }) -> [UInt8] {
        DHCPPacket.sample(.discover, fill).encode()
    }

    /// A packet whose options field is `options`.
    private func raw(options: [UInt8], file: [UInt8] = [], sname: [UInt8] = []) -> [UInt8] {
        var octets = Array(encoded()[..<240])
        octets.replaceSubrange(108..<108 + file.count, with: file)
        octets.replaceSubrange(44..<44 + sname.count, with: sname)
        return octets + options
    }

    @Test func `encoding and parsing are inverse`() throws {
        var packet = DHCPPacket.sample(.request, mac: mac2, xid: 0xfeed_beef)
        packet.hops = 3
        packet.secs = 77
        packet.flags = 0x8001
        packet.ciaddr = address(1)
        packet.yiaddr = address(2)
        packet.siaddr = address(3)
        packet.giaddr = address(4)
        packet.sname = Array("server".utf8)
        packet.file = Array("file".utf8)
        packet.options.set(.userClass, to: [UInt8]())
        packet.options.set(DHCPOptionCode(rawValue: 224), to: [1, 2, 3])
        #expect(try DHCPPacket(parsing: packet.encode()) == packet)
    }

    @Test("57 an option of more than 255 octets is split and put together", arguments: [255, 256, 510, 511, 900])
    func longOptions(count: Int) throws {
        let value = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let packet = DHCPPacket.sample(.discover) { $0.options.set(.vendorInformation, to: value) }
        let octets = packet.encode()
        #expect(try DHCPPacket(parsing: octets).options[.vendorInformation].map(Array.init) == value)
    }

    @Test func `57 pieces that do not stand together are one option`() throws {
        let packet = try DHCPPacket(parsing: raw(options: [53, 1, 1, 77, 2, 65, 66, 60, 1, 88, 77, 1, 67, 255]))
        #expect(packet.options.text(.userClass) == "ABC")
        #expect(packet.options.text(.vendorClass) == "X")
        #expect(packet.options.map(\.code) == [.messageType, .userClass, .vendorClass])
    }

    @Test("58 overload: file, then sname, hold options", arguments: [1, 2, 3] as [UInt8])
    func overload(value: UInt8) throws {
        let octets = raw(
            options: [53, 1, 1, 52, 1, value, 255],
            file: [12, 2, 65, 66, 255],
            sname: [12, 1, 67, 255]
        )
        let packet = try DHCPPacket(parsing: octets)
        #expect(packet.options.text(.hostName) == [1: "AB", 2: "C", 3: "ABC"][value])
        #expect(packet.file.isEmpty == (value & 1 != 0))
        #expect(packet.sname.isEmpty == (value & 2 != 0))
    }

    @Test func `58 a file name and options are never in one field`() throws {
        var packet = DHCPPacket.sample(.offer) { packet in
            packet.file = Array("undionly.kpxe".utf8)
            packet.options.set(.bootFileName, to: "undionly.kpxe")
            for code in UInt8(128)...135 {
                packet.options.set(DHCPOptionCode(rawValue: code), to: [UInt8](repeating: 7, count: 50))
            }
        }
        packet.sname = Array("only here".utf8)
        let octets = packet.encode(limit: 548)
        let parsed = try DHCPPacket(parsing: octets)
        #expect(octets.count <= 548)
        #expect(parsed.file.isEmpty && parsed.options.text(.bootFileName) == "undionly.kpxe")
        #expect(parsed.sname == Array("only here".utf8), "option 66 does not repeat it, so it stays")
    }

    @Test func `59 pads, a missing END and octets after END are harmless`() throws {
        let padded = try DHCPPacket(parsing: raw(options: [0, 0, 53, 1, 1, 0, 12, 1, 65, 0]))
        #expect(padded.messageType == .discover && padded.options.text(.hostName) == "A")
        let ended = try DHCPPacket(parsing: raw(options: [53, 1, 1, 255, 12, 200]))
        #expect(ended.options.count == 1)
    }

    @Test(
        "59 what reaches beyond its field is discarded",
        arguments: [
            [53], [53, 1], [53, 1, 1, 12, 5, 65], [53, 1, 1, 52, 1, 4, 255], [53, 1, 1, 52, 0, 255],
        ] as [[UInt8]]
    )
    func truncated(options: [UInt8]) {
        #expect(throws: DHCPError.self) { try DHCPPacket(parsing: raw(options: options)) }
    }

    @Test func `59 option 53 without an octet has no type`() throws {
        #expect(try DHCPPacket(parsing: raw(options: [53, 0, 255])).messageType == nil)
        let conversation = ServerConversation()
        let outcome = conversation.send(try DHCPPacket(parsing: raw(options: [53, 0, 255])))
        #expect(outcome.reply == nil && outcome.ignored == .messageType)
    }

    @Test func `59 every truncation is refused or parses`() {
        let whole = encoded { $0.becomePXE(.x64) }
        for count in whole.indices { _ = try? DHCPPacket(parsing: Array(whole[..<count])) }
        for count in 0..<240 {
            #expect(throws: DHCPError.self) { try DHCPPacket(parsing: Array(whole[..<count])) }
        }
    }

    @Test(
        "60 the fixed part is checked",
        arguments: [
            (0, 3, DHCPError.Code.operation), (2, 17, .hardware), (236, 0, .cookie), (3, 17, .hops),
        ] as [(Int, UInt8, DHCPError.Code)]
    )
    func fixedPart(index: Int, value: UInt8, code: DHCPError.Code) {
        var octets = encoded()
        octets[index] = value
        #expect { try DHCPPacket(parsing: octets) } throws: { ($0 as? DHCPError)?.code == code }
    }

    @Test func `68 sixteen hops are taken, seventeen are not`() throws {
        var octets = encoded()
        octets[3] = 16
        #expect(try DHCPPacket(parsing: octets).hops == 16)
    }

    @Test func `60 a reply on the server's port gets no reply`() {
        let conversation = ServerConversation()
        var packet = DHCPPacket.sample(.discover)
        packet.operation = .reply
        #expect(conversation.send(packet).ignored == .notARequest)
    }

    @Test func `60 InfiniBand is known by its client identifier and hears broadcasts`() throws {
        let conversation = ServerConversation()
        var packet = DHCPPacket.sample(.discover)
        packet.chaddr = HardwareAddress(type: 32, length: 0, words: (0, 0))
        #expect(conversation.send(packet).ignored == .unidentified)
        packet.options.set(
            .clientIdentifier,
            to: [0xff, 0, 0, 0, 1, 0, 3, 0, 1, 0x00, 0x02, 0xc9, 0x03, 0x00, 0x11, 0x22, 0x33]
        )
        let reply = try #require(conversation.send(packet).reply)
        #expect(reply.destination == .broadcast(port: 68))
        #expect(reply.packet.chaddr.type == 32 && reply.packet.chaddr.length == 0)
        #expect(BootClient(packet)?.identity.mac == MACAddress("00:02:c9:11:22:33"))
    }

    @Test func `64 a boot file of more than 127 octets stands in option 67 alone`() throws {
        let client = try #require(BootClient(.sample(.discover) { $0.becomePXE(.x64HTTP, class: "HTTPClient") }))
        for (length, fits) in [(127, true), (128, false), (200, false)] {
            let url = "http://" + String(repeating: "a", count: length - 7)
            var reply = DHCPPacket.sample(.offer)
            reply.set(.url(url), for: client, from: serverAddress)
            let parsed = try DHCPPacket(parsing: reply.encode())
            #expect(parsed.options.text(.bootFileName) == url)
            #expect(parsed.file == (fits ? Array(url.utf8) : []))
        }
    }
}
