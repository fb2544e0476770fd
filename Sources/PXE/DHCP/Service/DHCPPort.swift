import Vocabulary

/// The sockets of one interface.
///
/// UDP sockets on 67 and 4011 hear requests and send what has an address to go to; a packet socket reaches clients
/// that have none yet, and hears what other servers tell them. Belongs to the loop's thread.
final class DHCPPort {
    private(set) var interface: NetworkInterface
    private(set) var link: DHCPLink
    let server: DatagramSocket
    let proxy: DatagramSocket
    /// nil without CAP_NET_RAW or Ethernet: replies are broadcast then, and foreign servers not heard.
    let packets: PacketSocket?
    /// nil when the pools' addresses are not probed here.
    let prober: ARPProber?
    /// Why `packets` or `prober` could not be opened; nil when they were, and where there is no Ethernet.
    let trouble: SystemError?
    private let loop: EventLoop
    private var watches: [EventLoop.Watch] = []

    /// - Parameters:
    ///   - shared: lets another server on this host have port 67 too, as in proxy mode.
    ///   - probes: whether pool addresses are asked for here.
    /// - Throws: when a port cannot be bound.
    init(
        _ interface: NetworkInterface,
        configured: IPv4Address?,
        shared: Bool,
        probes: Bool,
        loop: EventLoop
    ) throws(SystemError) {
        self.interface = interface
        self.loop = loop
        link = DHCPLink(interface, configured: configured)
        server = try Self.socket(ReplyDestination.serverPort, interface.name, shared: shared)
        proxy = try Self.socket(ReplyDestination.proxyPort, interface.name, shared: shared)
        var trouble: SystemError?
        func opened<Opened>(_ open: () throws(SystemError) -> Opened) -> Opened? {
            guard interface.mac != nil else { return nil }
            do throws(SystemError) {
                return try open()
            } catch {
                trouble = error
                return nil
            }
        }
        packets = opened { () throws(SystemError) in
            try PacketSocket(on: interface, receiving: .udp(port: ReplyDestination.clientPort))
        }
        var probing = ARPProber.Configuration()
        probing.interval = .milliseconds(250)
        prober =
            probes
            ? opened { () throws(SystemError) in
                try ARPProber(on: interface, loop: loop, configuration: probing)
            } : nil
        self.trouble = trouble
    }

    private static func socket(_ port: UInt16, _ interface: String, shared: Bool) throws(SystemError) -> DatagramSocket
    {
        var configuration = DatagramSocket.Configuration(port: port, interface: interface)
        configuration.broadcasts = true
        configuration.reusesAddress = shared
        return try DatagramSocket(configuration)
    }

    /// Calls `readable` with the port whenever requests wait, and `overheard` when foreign replies do.
    func listen(
        readable: @escaping (DHCPPort, UInt16) -> Void,
        overheard: @escaping (DHCPPort) -> Void
    ) throws(SystemError) {
        for (socket, port) in [(server, ReplyDestination.serverPort), (proxy, ReplyDestination.proxyPort)] {
            watches.append(
                try loop.watch(socket.descriptor) { [weak self] _ in
                    if let self { readable(self, port) }
                }
            )
        }
        guard let packets else { return }
        watches.append(
            try loop.watch(packets.descriptor) { [weak self] _ in
                if let self { overheard(self) }
            }
        )
    }

    /// The interface has other addresses now; the sockets are bound to the interface and stay.
    func update(_ interface: NetworkInterface, configured: IPv4Address?) {
        self.interface = interface
        link = DHCPLink(interface, configured: configured)
    }

    func close() {
        for watch in watches { loop.cancel(watch) }
        watches = []
    }

    // MARK: Sending

    /// A reply in octets.
    struct Outgoing: Sendable {
        var interface: String
        var octets: [UInt8]
        var destination: ReplyDestination
        var source: Endpoint
    }

    /// - Returns: how many did not leave.
    func send(_ replies: [Outgoing]) -> Int {
        var failures = 0
        var fromServer: [OutgoingDatagram] = []
        var fromProxy: [OutgoingDatagram] = []
        for reply in replies {
            var target: Endpoint
            switch reply.destination {
            case .relay(let endpoint), .unicast(let endpoint): target = endpoint
            case .broadcast(let port): target = Endpoint(address: .broadcast, port: port)
            case .hardware(let mac, let endpoint):
                if let packets, packets.send(reply.octets, from: reply.source, to: endpoint, at: mac) == nil {
                    continue
                }
                target = Endpoint(address: .broadcast, port: endpoint.port)
            }
            let datagram = OutgoingDatagram(reply.octets, to: target, from: reply.source.address)
            if reply.source.port == ReplyDestination.proxyPort {
                fromProxy.append(datagram)
            } else {
                fromServer.append(datagram)
            }
        }
        if !fromServer.isEmpty { failures += server.send(batch: fromServer).count }
        if !fromProxy.isEmpty { failures += proxy.send(batch: fromProxy).count }
        return failures
    }
}

extension DHCPLink {
    init(_ interface: NetworkInterface, configured: IPv4Address?) {
        self.init(name: interface.name, addresses: interface.addresses, configured: configured, mtu: interface.mtu)
    }
}
