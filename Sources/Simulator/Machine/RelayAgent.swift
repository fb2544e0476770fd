import PXE
import Vocabulary

/// The relay agent that the fleet is behind: one socket for the DHCP of all machines (RFC 1542 §4.1, RFC 8357), which it
/// tells apart by transaction. Belongs to the loop's thread.
final class RelayAgent {
    let address: IPv4Address
    private let server: Endpoint
    private let socket: DatagramSocket
    private let receiver = DatagramReceiver()
    private var outgoing: [OutgoingDatagram] = []
    private var isCollecting = false

    /// - Throws: a `SystemError` when this host does not have the relay's address.
    init(
        at address: IPv4Address,
        server: IPv4Address,
        loop: EventLoop,
        deliver: @escaping (DHCPPacket) -> Void
    ) throws(SystemError) {
        self.address = address
        self.server = Endpoint(address: server, port: 67)
        var configuration = DatagramSocket.Configuration(port: 0, address: address)
        configuration.reportsDestination = false
        configuration.receiveBuffer = 16 << 20
        socket = try DatagramSocket(configuration)
        _ = try loop.watch(socket.descriptor) { [weak self] _ in
            self?.collecting { agent in
                agent.receiver.receive(from: agent.socket) { datagram in
                    // Malformed answers would show as machines that never boot.
                    if let packet = try? DHCPPacket(parsing: datagram.bytes), packet.operation == .reply {
                        deliver(packet)
                    }
                }
            }
        }
    }

    /// Passes a client's message on to the server: at once, or with the others of `collecting`.
    func send(_ message: [UInt8]) {
        outgoing.append(OutgoingDatagram(message, to: server))
        if !isCollecting { flush() }
    }

    /// Sends what `body` has to send together.
    func collecting(_ body: (RelayAgent) -> Void) {
        isCollecting = true
        body(self)
        isCollecting = false
        flush()
    }

    /// What does not leave is sent again by its client's timer.
    private func flush() {
        guard !outgoing.isEmpty else { return }
        _ = socket.send(batch: outgoing)
        outgoing.removeAll(keepingCapacity: true)
    }
}
