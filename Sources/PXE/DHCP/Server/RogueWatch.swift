import Vocabulary

/// Notices DHCP servers that are not ours: by the replies they send, and by the REQUESTs that clients send them.
///
/// In server mode every other server is one too many. In proxy mode one other server on a link is what we are beside;
/// a second one is reported.
struct RogueWatch {
    /// Between two reports of the same server.
    static let interval = Duration.seconds(600)
    /// Servers remembered at once, so that nobody fills our memory with invented ones.
    static let capacity = 256

    let mode: DHCPConfiguration.Mode
    /// Ours, on all links.
    var ownAddresses: Set<IPv4Address> = []
    private var reported: [IPv4Address: Duration] = [:]
    /// By interface, in proxy mode.
    private var expected: [String: IPv4Address] = [:]

    init(mode: DHCPConfiguration.Mode) { self.mode = mode }

    /// A reply that was seen on a link.
    /// - Parameter mac: who sent it.
    mutating func saw(reply packet: DHCPPacket, from mac: MACAddress?, on link: DHCPLink, now: Moment) -> Observation? {
        guard packet.operation == .reply, packet.messageType == .offer || packet.messageType == .ack,
            let server = packet.options.address(.serverIdentifier)
        else { return nil }
        // Another proxy gives no addresses; beside it, ours is answered by whoever is first.
        if mode == .proxy, packet.yiaddr == .any { return nil }
        return saw(server: server, mac: mac, on: link, now: now)
    }

    /// A REQUEST that chose another server.
    mutating func saw(request packet: DHCPPacket, on link: DHCPLink, now: Moment) -> Observation? {
        guard packet.giaddr == .any, let server = packet.options.address(.serverIdentifier) else { return nil }
        return saw(server: server, mac: nil, on: link, now: now)
    }

    private mutating func saw(server: IPv4Address, mac: MACAddress?, on link: DHCPLink, now: Moment) -> Observation? {
        guard mode != .off, server != .any, !link.has(server), !ownAddresses.contains(server) else { return nil }
        if mode == .proxy {
            let usual = expected[link.name] ?? server
            expected[link.name] = usual
            if usual == server { return nil }
        }
        if let last = reported[server], now.uptime - last < Self.interval { return nil }
        if reported.count >= Self.capacity { reported.removeAll() }
        reported[server] = now.uptime
        return .rogueServer(server, mac: mac, interface: link.name)
    }
}
