import CLinuxNet
import Glibc
import Vocabulary

/// A bound, non-blocking UDP socket. Owned by whoever holds it; closed when nobody does.
///
/// The kernel makes its calls atomic, so any thread may send and receive. No error of a send closes it: a firewall's
/// EPERM or an interface that is down for a moment must not end a server.
public final class DatagramSocket: Sendable {
    /// Where and how to bind.
    public struct Configuration: Hashable, Sendable {
        /// The one interface to hear and speak on; nil for all.
        public var interface: String?
        public var local: SocketAddress
        /// Shares the port with other sockets that ask for the same (a server of ours per interface, or a peer's).
        public var reusesAddress = true
        /// May send to 255.255.255.255 and to the broadcast addresses of networks.
        public var broadcasts = false
        /// Reports each datagram's destination address and interface.
        public var reportsDestination = true
        /// Bytes that may wait to be received; a thousand machines switched on at once send within a second.
        public var receiveBuffer = 4 << 20
        /// Bytes that may wait to be sent; 0 for the kernel's default.
        public var sendBuffer = 0

        public init(port: UInt16, address: IPv4Address = .any, interface: String? = nil) {
            self.init(local: SocketAddress(address, port: port), interface: interface)
        }

        public init(local: SocketAddress, interface: String? = nil) {
            self.local = local
            self.interface = interface
        }
    }

    public let descriptor: CInt
    public let configuration: Configuration

    /// - Throws: what `socket`, `setsockopt` or `bind` said, with the address and the interface.
    public init(_ configuration: Configuration) throws(SystemError) {
        var options = muster_udp_options()
        options.local = configuration.local.raw
        // Linux gives a port of its choice to two sockets when both would share it.
        options.reuse_address = configuration.reusesAddress && configuration.local.port != 0
        options.broadcast = configuration.broadcasts
        options.packet_info = configuration.reportsDestination
        options.receive_buffer = CInt(clamping: configuration.receiveBuffer)
        options.send_buffer = CInt(clamping: configuration.sendBuffer)
        let place = configuration.interface.map { "\(configuration.local) on \($0)" } ?? "\(configuration.local)"
        if let interface = configuration.interface {
            guard interface.utf8.count < 16 else { throw SystemError("bind UDP", place, code: ENODEV) }
            withUnsafeMutableBytes(of: &options.device) { $0.copyBytes(from: interface.utf8) }
        }
        var failed: UnsafePointer<CChar>?
        let descriptor = muster_udp_open(&options, &failed)
        guard descriptor >= 0 else {
            let code = errno
            let step = failed.map { String(cString: $0) } ?? "open"
            throw SystemError(step == "bind" ? "bind UDP" : "\(step) for UDP", place, code: code)
        }
        self.descriptor = descriptor
        self.configuration = configuration
    }

    deinit { close(descriptor) }

    /// The address and port that the kernel bound: what port 0 became.
    public var local: SocketAddress? {
        var endpoint = muster_endpoint()
        return muster_udp_local(descriptor, &endpoint) == 0 ? SocketAddress(endpoint) : nil
    }

    /// From here on only `peer` is heard, and sends need no address.
    public func connect(to peer: SocketAddress) throws(SystemError) {
        var endpoint = peer.raw
        guard muster_udp_connect(descriptor, &endpoint) == 0 else { throw SystemError("connect UDP to", "\(peer)") }
    }

    /// Bytes of the biggest IP packet that goes to the connected peer whole, as far as the kernel knows.
    public var pathMTU: Int? {
        let mtu = muster_udp_path_mtu(descriptor)
        return mtu > 0 ? Int(mtu) : nil
    }

    /// Sends one datagram.
    /// - Returns: nil when it left, else why not.
    @discardableResult
    public func send(_ datagram: OutgoingDatagram) -> SystemError? {
        datagram.bytes.withUnsafeBufferPointer { bytes in
            var raw = datagram.raw(bytes)
            return muster_udp_send(descriptor, &raw, 1) == 1
                ? nil : SystemError("send UDP to", "\(datagram.destination)")
        }
    }

    /// Sends many datagrams with as few system calls as the kernel allows.
    /// - Returns: what did not leave, by index.
    public func send(batch datagrams: [OutgoingDatagram]) -> [(index: Int, error: SystemError)] {
        var failures: [(Int, SystemError)] = []
        var next = 0
        while next < datagrams.count {
            let chunk = datagrams[next..<min(next + Int(MUSTER_BATCH), datagrams.count)]
            let sent = Self.withRaw(chunk[...]) { muster_udp_send(descriptor, $0.baseAddress, UInt32($0.count)) }
            if sent > 0 {
                next += Int(sent)
            } else {
                failures.append((next, SystemError("send UDP to", "\(datagrams[next].destination)")))
                next += 1
            }
        }
        return failures
    }

    /// The datagrams as C sees them: their bytes one after another in one buffer, for the length of `body`.
    private static func withRaw(
        _ datagrams: ArraySlice<OutgoingDatagram>,
        _ body: (UnsafeBufferPointer<muster_datagram>) -> CInt
    ) -> CInt {
        let bytes = datagrams.flatMap(\.bytes)
        return bytes.withUnsafeBufferPointer { all in
            var offset = 0
            let raw = datagrams.map { datagram in
                defer { offset += datagram.bytes.count }
                return datagram.raw(UnsafeBufferPointer(rebasing: all[offset..<offset + datagram.bytes.count]))
            }
            return raw.withUnsafeBufferPointer(body)
        }
    }
}

/// A datagram to send.
public struct OutgoingDatagram: Hashable, Sendable {
    public var bytes: [UInt8]
    public var destination: SocketAddress
    /// The address it shall come from (IP_PKTINFO); nil for the route's choice.
    public var source: IPv4Address?
    /// The interface it shall leave by; nil for the route's choice. Broadcasts from a socket on all interfaces need it.
    public var interfaceIndex: UInt32?

    public init(
        _ bytes: [UInt8],
        to destination: Endpoint,
        from source: IPv4Address? = nil,
        interfaceIndex: UInt32? = nil
    ) {
        self.init(bytes, to: SocketAddress(destination), from: source, interfaceIndex: interfaceIndex)
    }

    public init(
        _ bytes: [UInt8],
        to destination: SocketAddress,
        from source: IPv4Address? = nil,
        interfaceIndex: UInt32? = nil
    ) {
        self.bytes = bytes
        self.destination = destination
        self.source = source
        self.interfaceIndex = interfaceIndex
    }

    fileprivate func raw(_ bytes: UnsafeBufferPointer<UInt8>) -> muster_datagram {
        var raw = muster_datagram()
        raw.bytes = UnsafeMutablePointer(mutating: bytes.baseAddress)
        raw.length = UInt32(bytes.count)
        raw.peer = destination.raw
        if let source { raw.local = SocketAddress(source, port: 0).raw }
        raw.device = interfaceIndex ?? 0
        return raw
    }
}
