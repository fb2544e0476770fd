import Foundation
import Testing
import Vocabulary

@testable import PXE

/// Packets that were damaged on purpose: nothing crashes, and what does not parse is not answered.
@Suite struct MalformedDHCPTests {
    /// The same packets every time (SplitMix64).
    private struct Seeded: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var word = state
            word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
            word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
            return word ^ word >> 31
        }
    }

    private static let count = ProcessInfo.processInfo.environment["MUSTER_LONG"] == "1" ? 100_000 : 5000

    private func samples() -> [[UInt8]] {
        [
            DHCPPacket.sample(.discover) { $0.becomePXE(.x64) }, .sample(.discover) { $0.becomeIPXE() },
            .sample(.request) { packet in
                packet.becomePXE(.x64HTTP, class: "HTTPClient")
                packet.options.set(.requestedAddress, to: address(100))
                packet.options.set(.relayAgentInformation, to: [1, 1, 1, 5, 4, 192, 168, 77, 0])
            },
            .sample(.leaseQuery) { $0.giaddr = serverAddress },
            .sample(.inform) { packet in
                packet.ciaddr = address(9)
                packet.options.set(.vendorInformation, to: [71, 4, 0, 1, 0, 0, 8, 7, 0x80, 0, 1, 1, 2, 3, 4])
            },
        ].map { $0.encode() }
    }

    private func damage(_ octets: [UInt8], _ random: inout Seeded) -> [UInt8] {
        var octets = octets
        switch Int.random(in: 0..<6, using: &random) {
        case 0: octets.removeLast(Int.random(in: 1...octets.count, using: &random))
        case 1:
            octets += (0..<Int.random(in: 1...1600, using: &random)).map { _ in .random(in: 0...255, using: &random) }
        case 2: octets = (0..<Int.random(in: 0...600, using: &random)).map { _ in .random(in: 0...255, using: &random) }
        case 3: for index in 240..<octets.count { octets[index] = .random(in: 0...255, using: &random) }
        default:
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                octets[Int.random(in: octets.indices, using: &random)] = .random(in: 0...255, using: &random)
            }
        }
        return octets
    }

    @Test func `damaged packets are dropped or answered within bounds`() {
        var random = Seeded(state: 0x4d75_7374_6572)
        var configuration = DHCPConfiguration.sample()
        configuration.leaseQueryRelays = [serverAddress]
        let conversation = ServerConversation(configuration)
        var proxy = ProxyDHCP(configuration: .sample(mode: .proxy), authority: FixedAuthority())
        let samples = samples()
        var parsed = 0
        for index in 0..<Self.count {
            let octets = damage(samples[index % samples.count], &random)
            guard let packet = try? DHCPPacket(parsing: octets) else { continue }
            parsed += 1
            let port: UInt16 = index.isMultiple(of: 3) ? 4011 : 67
            let outcomes = [
                conversation.send(packet), proxy.receive(packet, from: arrival(port: port), now: start),
            ]
            for outcome in outcomes {
                guard let reply = outcome.reply else { continue }
                let sent = reply.packet.encode(limit: reply.limit)
                if sent.count > max(reply.limit, DHCPPacket.minimumLength) || (try? DHCPPacket(parsing: sent)) == nil {
                    Issue.record("packet \(index): a reply of \(sent.count) octets, limit \(reply.limit)")
                }
            }
        }
        #expect(parsed > Self.count / 10, "the damage must not all be in the cookie")
    }
}
