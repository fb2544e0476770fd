import CLinuxNet
import Vocabulary

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Power by a magic packet: switches on, and nothing else. Nobody answers; the machine's boot tells.
struct WakeOnLAN: PowerDriver {
    static let name = "wake-on-lan"
    /// Packets for each card on each interface: nothing says that one was lost.
    private static let repeats = 3

    let cards: [MACAddress]
    /// The provisioning networks'; empty for wherever the route for broadcasts leads.
    let interfaces: [String]
    var port: UInt16 = 9

    func perform(_ action: PowerAction) async throws -> PowerOutcome {
        guard action == .on else { throw PowerFailure("a magic packet only switches on") }
        var reasons: [String] = []
        for interface in interfaces.isEmpty ? [""] : interfaces {
            for card in cards {
                if let reason = send(Self.packet(for: card), on: interface) { reasons.append(reason) }
            }
        }
        guard reasons.isEmpty else { throw PowerFailure(reasons.joined(separator: "; ")) }
        return PowerOutcome()
    }

    /// Six times ff, and sixteen times the card's address.
    static func packet(for card: MACAddress) -> [UInt8] {
        [UInt8](repeating: 0xff, count: 6) + (0..<16).flatMap { _ in card.octets }
    }

    /// From a socket that is bound to the interface, to everybody on it.
    ///
    /// - Returns: why it did not leave.
    private func send(_ packet: [UInt8], on interface: String) -> String? {
        var options = muster_udp_options()
        options.broadcast = true
        options.local.version = 4
        withUnsafeMutableBytes(of: &options.device) { $0.copyBytes(from: interface.utf8.prefix(15)) }
        let place = interface.isEmpty ? "the magic packet" : "the magic packet on \(interface)"
        var refused: UnsafePointer<CChar>?
        let descriptor = muster_udp_open(&options, &refused)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            return "\(place) did not leave: \(refused.map { String(cString: $0) } ?? "socket"): \(reason)"
        }
        defer { close(descriptor) }
        var bytes = packet
        for _ in 0..<Self.repeats {
            let sent = bytes.withUnsafeMutableBufferPointer { buffer in
                var datagram = muster_datagram()
                datagram.bytes = buffer.baseAddress
                datagram.length = UInt32(buffer.count)
                datagram.peer.version = 4
                datagram.peer.port = port
                withUnsafeMutableBytes(of: &datagram.peer.address) { address in
                    for index in 12..<16 { address[index] = 255 }
                }
                return muster_udp_send(descriptor, &datagram, 1)
            }
            guard sent == 1 else { return "\(place) did not leave: \(String(cString: strerror(errno)))" }
        }
        return nil
    }
}
