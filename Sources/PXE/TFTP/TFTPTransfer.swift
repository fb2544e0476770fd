import Vocabulary

/// One running transfer: its state machine with the socket, the route and the bytes that belong to it.
/// Belongs to the server's thread.
final class TFTPTransfer {
    let peer: SocketAddress
    /// The request as it came: a copy of it is a repetition, anything else from that port is a new beginning.
    let request: [UInt8]
    let name: ResourceName
    let total: UInt64
    let options: TransferOptions
    let source: BlockSource
    /// Its own, or the listener's in single-port mode.
    let socket: DatagramSocket
    let route: DatagramRoute
    var machine: TransferStateMachine
    var watch: EventLoop.Watch?
    /// Whether the kernel cuts windows into datagrams; false once it refused.
    var offload: Bool

    init(
        _ asked: PendingRequest,
        content: Content,
        options: TransferOptions,
        socket: DatagramSocket,
        route: DatagramRoute,
        patience: TransferStateMachine.Patience,
        now: UInt64
    ) {
        peer = asked.peer
        request = asked.bytes
        name = asked.name
        total = content.length
        self.options = options
        self.socket = socket
        self.route = route
        source = BlockSource(content, mode: asked.request.mode, options: options)
        offload = options.windowSize > 1
        machine = TransferStateMachine(options: options, lastBlock: source.lastBlock, patience: patience, now: now)
    }

    /// Bytes of the resource that the client has, as far as anybody can know.
    func received(_ outcome: TransferStateMachine.Outcome?) -> UInt64 {
        if outcome == .complete || outcome == .timedOut && machine.lacksOnlyItsLastAcknowledgement { return total }
        return min(total, machine.acknowledged * UInt64(options.blockSize))
    }
}

/// A request whose transfer has not begun: it is being looked up, or its script is being made.
struct PendingRequest: Sendable {
    var peer: SocketAddress
    /// Our own address that it was sent to, or that faces the peer.
    var local: SocketAddress
    var interfaceIndex: UInt32
    /// Bytes of the biggest packet on that interface.
    var mtu: Int
    var bytes: [UInt8]
    var request: ReadRequest
    var name: ResourceName
}
