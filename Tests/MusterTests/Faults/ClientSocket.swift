import Foundation
import Testing
import Vocabulary

#if canImport(Glibc)
import Glibc
#endif

/// A client's UDP socket, made in whatever namespace its thread is in, used from any.
final class ClientSocket: Sendable {
    private let descriptor: CInt

    init(address: IPv4Address, port: UInt16) throws {
        descriptor = socket(AF_INET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        try #require(descriptor >= 0)
        var own = Self.name(address, port)
        let bound = withUnsafePointer(to: &own) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(bound == 0, "bind \(address):\(port): errno \(errno)")
    }

    deinit { close(descriptor) }

    private static func name(_ address: IPv4Address, _ port: UInt16) -> sockaddr_in {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = address.rawValue.bigEndian
        return name
    }

    /// What cannot be sent is lost, as datagrams are.
    func send(_ bytes: [UInt8], to address: IPv4Address, port: UInt16) {
        var peer = Self.name(address, port)
        _ = withUnsafePointer(to: &peer) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// The next datagram and the port that it came from; nil when none comes in time.
    func receive(within milliseconds: Int32) -> (bytes: [UInt8], port: UInt16)? {
        var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&ready, 1, milliseconds) == 1 else { return nil }
        var buffer = [UInt8](repeating: 0, count: 2048)
        var peer = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let count = withUnsafeMutablePointer(to: &peer) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                recvfrom(descriptor, &buffer, buffer.count, 0, $0, &length)
            }
        }
        guard count > 0 else { return nil }
        return (Array(buffer.prefix(count)), UInt16(bigEndian: peer.sin_port))
    }
}
