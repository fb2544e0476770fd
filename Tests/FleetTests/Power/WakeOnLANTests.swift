import CLinuxNet
import Foundation
import Testing
import Vocabulary

@testable import Fleet

@Suite("Wake-on-LAN")
struct WakeOnLANTests {
    @Test func aPacketIsSixOnesAndSixteenAddresses() {
        let packet = WakeOnLAN.packet(for: MACAddress("52:54:00:12:34:56")!)
        #expect(packet.count == 102)
        #expect(packet.prefix(6) == [255, 255, 255, 255, 255, 255])
        for offset in stride(from: 6, to: 102, by: 6) {
            #expect(packet[offset..<offset + 6] == [0x52, 0x54, 0, 0x12, 0x34, 0x56])
        }
    }

    /// The loopback device hands broadcasts back, as a network would.
    @Test func itArrivesAsABroadcastOfTheInterface() async throws {
        var options = muster_udp_options()
        options.local.version = 4
        withUnsafeMutableBytes(of: &options.device) { $0.copyBytes(from: "lo".utf8) }
        var refused: UnsafePointer<CChar>?
        let descriptor = muster_udp_open(&options, &refused)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var local = muster_endpoint()
        try #require(muster_udp_local(descriptor, &local) == 0)
        var driver = WakeOnLAN(cards: [mac(1), mac(2)], interfaces: ["lo"])
        driver.port = local.port
        #expect(try await driver.perform(.on) == PowerOutcome())
        var received: [[UInt8]] = []
        var bytes = [UInt8](repeating: 0, count: 200)
        var sender = muster_endpoint()
        while true {
            let length = muster_udp_receive_one(descriptor, &bytes, bytes.count, &sender)
            if length < 0 { break }
            received.append(Array(bytes.prefix(length)))
        }
        let packets = [mac(1), mac(2)].map { WakeOnLAN.packet(for: $0) }
        #expect(received == packets.flatMap { [$0, $0, $0] })
    }

    @Test func anInterfaceThatIsNotThereIsSaid() async throws {
        let driver = WakeOnLAN(cards: [mac(1)], interfaces: ["nothere0"])
        let failure = await #expect(throws: PowerFailure.self) { try await driver.perform(.on) }
        #expect(failure?.description.contains("the magic packet on nothere0 did not leave") == true)
    }
}
