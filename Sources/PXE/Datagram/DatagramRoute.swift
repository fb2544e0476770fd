import CLinuxNet
import Glibc
import Vocabulary

/// Where datagrams of one conversation go and what they come from, made ready once for all of them.
struct DatagramRoute {
    fileprivate var raw = muster_route()

    /// - Parameters:
    ///   - local: the address they shall come from; nil for the socket's own or the route's.
    ///   - interfaceIndex: where they shall leave; 0 for the route's choice.
    init(to peer: SocketAddress, from local: SocketAddress? = nil, interfaceIndex: UInt32 = 0) {
        var way = muster_datagram()
        way.peer = peer.raw
        if let local { way.local = local.raw }
        way.device = interfaceIndex
        muster_route_prepare(&raw, &way)
    }
}

extension DatagramSocket {
    /// - Returns: nil when it left, else the `errno`.
    @discardableResult
    func send(_ bytes: [UInt8], along route: borrowing DatagramRoute) -> CInt? {
        withUnsafePointer(to: route.raw) {
            muster_udp_send_framed(descriptor, $0, bytes, bytes.count, 1, nil, 0, 0, false) == 1 ? nil : errno
        }
    }

    /// Sends `bytes` in pieces of `segment`, each behind one of the headers of `headerSize` that lie in `headers` one
    /// after another; their number is the number of datagrams, of which the last may be short or empty.
    /// - Parameter offload: whether the kernel shall cut them (UDP_SEGMENT).
    /// - Returns: how many left at one go, and the `errno` of the next one when none did.
    func send(
        headers: UnsafeRawBufferPointer,
        headerSize: Int,
        bytes: UnsafeRawBufferPointer,
        segment: Int,
        along route: borrowing DatagramRoute,
        offload: Bool
    ) -> (sent: Int, error: CInt) {
        let sent = withUnsafePointer(to: route.raw) {
            muster_udp_send_framed(
                descriptor,
                $0,
                headers.baseAddress?.assumingMemoryBound(to: UInt8.self),
                headerSize,
                UInt32(headers.count / headerSize),
                bytes.baseAddress?.assumingMemoryBound(to: UInt8.self),
                bytes.count,
                segment,
                offload
            )
        }
        return sent < 0 ? (0, errno) : (Int(sent), 0)
    }

    /// Receives one datagram.
    /// - Returns: nil when none waits; `length` exceeds the buffer's when the rest was cut off.
    func receiveOne(into buffer: UnsafeMutableRawBufferPointer) -> (length: Int, source: SocketAddress)? {
        var peer = muster_endpoint()
        let length = muster_udp_receive_one(
            descriptor,
            buffer.baseAddress?.assumingMemoryBound(to: UInt8.self),
            buffer.count,
            &peer
        )
        guard length >= 0, let source = SocketAddress(peer) else { return nil }
        return (length, source)
    }
}
