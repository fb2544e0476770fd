import Foundation
import Testing
import Vocabulary

@testable import PXE

/// Packets of real firmware: see Fixtures/dhcp/PROVENANCE.md.
@Suite struct FirmwareVectorTests {
    private struct Captured: Decodable {
        var type: String
        var src: String
        var dst: String
        var payload: String
    }

    static let files = [
        "aa64-http-boot", "aa64-pxe-grub", "bios-e1000-ipxe-rom", "bios-undionly-chain", "bios-virtio-ipxe-rom",
        "bios-virtio-ipxe-rom-ra", "proxydhcp-bios-ipxe-pxeservice", "proxydhcp-bios-ipxe-rom",
        "proxydhcp-bios-ipxe-siaddr0-rejected", "proxydhcp-uefi", "uefi-http-boot", "uefi-ipxe-efirom",
        "uefi-pxe-native", "uefi-secboot-http-shim-grub", "uefi-secboot-shim-grub",
    ]

    private func packets(_ name: String) throws -> [(captured: Captured, octets: [UInt8])] {
        let folder = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
        let data = try Data(contentsOf: folder.appending(path: "dhcp/\(name).dhcp.json"))
        return try JSONDecoder().decode([Captured].self, from: data).map { captured in
            (captured, try #require(parseHexadecimal(captured.payload)))
        }
    }

    @Test("every packet parses and encodes to the same octets", arguments: files)
    func roundTrip(file: String) throws {
        let packets = try packets(file)
        #expect(!packets.isEmpty)
        for (_, octets) in packets {
            let packet = try DHCPPacket(parsing: octets)
            #expect(packet.encode(limit: 9000, paddedTo: octets.count) == octets)
        }
    }

    /// The DISCOVERs of a file, each once.
    private func discovers(_ file: String) throws -> [DHCPPacket] {
        var seen: Set<MACAddress> = []
        return try packets(file).filter { $0.captured.type == "DISCOVER" }.map { try DHCPPacket(parsing: $0.octets) }
            .filter { packet in packet.chaddr.mac.map { seen.insert($0).inserted } ?? true }
    }

    static let script = "http://192.168.77.1:8080/boot.ipxe"
    /// The file that the first client of each capture is to load.
    static let bootFiles: [(String, String)] = [
        ("aa64-http-boot", "http://192.168.77.1:8080/loader/ipxe-arm64.efi"), ("aa64-pxe-grub", "ipxe-arm64.efi"),
        ("bios-e1000-ipxe-rom", script), ("bios-undionly-chain", script), ("bios-virtio-ipxe-rom", script),
        ("proxydhcp-bios-ipxe-rom", script), ("proxydhcp-uefi", "ipxe.efi"),
        ("uefi-http-boot", "http://192.168.77.1:8080/loader/ipxe.efi"), ("uefi-ipxe-efirom", script),
        ("uefi-pxe-native", "ipxe.efi"), ("uefi-secboot-shim-grub", "ipxe.efi"),
    ]

    @Test("firmware gets what it needs from the server", arguments: bootFiles)
    func server(file: String, bootFile: String) throws {
        let discover = try #require(try discovers(file).first)
        let conversation = ServerConversation()
        let reply = try #require(conversation.send(discover).reply)
        let packet = try DHCPPacket(parsing: reply.packet.encode(limit: reply.limit))
        try check(packet, answers: discover, bootFile: bootFile)
        #expect(network.contains(packet.yiaddr))
        #expect(
            reply.destination
                == (discover.wantsBroadcast
                    ? .broadcast(port: 68)
                    : .hardware(try #require(discover.chaddr.mac), Endpoint(address: packet.yiaddr, port: 68)))
        )
    }

    @Test("firmware gets what it needs from the proxy", arguments: bootFiles)
    func proxy(file: String, bootFile: String) throws {
        let discover = try #require(try discovers(file).first)
        var proxy = ProxyDHCP(configuration: .sample(mode: .proxy), authority: FixedAuthority())
        let reply = try #require(proxy.receive(discover, from: arrival(), now: start).reply)
        let packet = try DHCPPacket(parsing: reply.packet.encode(limit: reply.limit))
        try check(packet, answers: discover, bootFile: bootFile)
        #expect(packet.yiaddr == .any && reply.destination == .broadcast(port: 68))
    }

    private func check(_ packet: DHCPPacket, answers discover: DHCPPacket, bootFile: String) throws {
        let isHTTP = VendorClass(parsing: discover.options[.vendorClass] ?? []).hasPrefix("HTTPClient")
        #expect(packet.xid == discover.xid && packet.flags == discover.flags && packet.chaddr == discover.chaddr)
        #expect(packet.options.text(.vendorClass) == (isHTTP ? "HTTPClient" : "PXEClient"))
        #expect(packet.options[.clientMachineIdentifier] == discover.options[.clientMachineIdentifier])
        #expect(packet.options[.clientIdentifier] == discover.options[.clientIdentifier])
        #expect(packet.siaddr == serverAddress && packet.options.address(.serverIdentifier) == serverAddress)
        #expect(packet.options.text(.bootFileName) == bootFile && packet.file == Array(bootFile.utf8))
        #expect(packet.options[.vendorInformation].map(Array.init) == (isHTTP ? nil : [6, 1, 8, 255]))
        #expect(discover.options.machineUUID?.description == "11112222-3333-4444-5555-666677778888")
    }

    @Test(
        "firmware that asks port 4011 is answered from there",
        arguments: [
            "proxydhcp-uefi", "proxydhcp-bios-ipxe-pxeservice", "proxydhcp-bios-ipxe-siaddr0-rejected",
        ]
    )
    func port4011(file: String) throws {
        let asked = try packets(file).filter { $0.captured.dst.hasSuffix(":4011") && $0.captured.type == "REQUEST" }
        #expect(!asked.isEmpty)
        for (captured, octets) in asked {
            let request = try DHCPPacket(parsing: octets)
            let parts = captured.src.split(separator: ":")
            let source = Endpoint(address: try #require(IPv4Address(parts[0])), port: try #require(UInt16(parts[1])))
            let server = try #require(IPv4Address(captured.dst.dropLast(5)))
            let link = DHCPLink(name: "eth0", addresses: [.init(server, prefixLength: 24)])
            let from = DHCPArrival(link: link, source: source, destination: server, port: 4011)
            var proxy = ProxyDHCP(configuration: .sample(mode: .proxy), authority: FixedAuthority())
            let reply = try #require(proxy.receive(request, from: from, now: start).reply)
            #expect(reply.packet.messageType == .ack && reply.source == Endpoint(address: server, port: 4011))
            #expect(reply.destination == .unicast(source))
            let item = request.options[.vendorInformation].flatMap { PXEVendorOptions(parsing: $0) }?.bootItem
            let echoed = reply.packet.options[.vendorInformation].flatMap { PXEVendorOptions(parsing: $0) }?.bootItem
            #expect(item == echoed)
        }
    }
}
