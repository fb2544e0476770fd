import Foundation
import Vocabulary

#if canImport(Glibc)
import Glibc
#endif

/// A TFTP client that takes its time, and begins anew when the server is gone, as boot firmware does.
struct PatientTFTPClient: Sendable {
    let network: FaultNetwork
    let name: String
    /// Microseconds before each acknowledgement.
    let pause: UInt32

    private static let blockSize = 1428

    /// - Returns: the file; nil when it does not come in `attempts` transfers.
    func fetch(attempts: Int) -> [UInt8]? {
        for _ in 0..<attempts {
            if let file = transfer() { return file }
        }
        return nil
    }

    /// One transfer (RFC 1350, RFC 2348); nil when the server stays silent for 1 s five times, or refuses.
    private func transfer() -> [UInt8]? {
        guard let socket = try? network.clientSocket() else { return nil }
        var port: UInt16 = 69
        var message: [UInt8] = [0, 1] + name.utf8 + [0] + "octet".utf8 + [0]
        message += "blksize".utf8 + [0] + "\(Self.blockSize)".utf8 + [0]
        var file: [UInt8] = []
        var expected: UInt16 = 1
        var silences = 0
        socket.send(message, to: FaultNetwork.server, port: port)
        while silences < 5 {
            guard let (packet, from) = socket.receive(within: 1000) else {
                silences += 1
                socket.send(message, to: FaultNetwork.server, port: port)
                continue
            }
            guard packet.count >= 4, port == 69 || from == port else { continue }
            port = from
            let block = UInt16(packet[2]) << 8 | UInt16(packet[3])
            switch packet[1] {
            case 3 where block == expected:
                file += packet.dropFirst(4)
                expected &+= 1
                message = [0, 4, packet[2], packet[3]]
            case 3: break
            case 6: message = [0, 4, 0, 0]
            default: return nil
            }
            silences = 0
            usleep(pause)
            socket.send(message, to: FaultNetwork.server, port: port)
            if packet[1] == 3, packet.count < 4 + Self.blockSize { return file }
        }
        return nil
    }
}
