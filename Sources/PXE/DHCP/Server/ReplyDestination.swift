import Vocabulary

/// Where a reply goes (RFC 2131 §4.1).
enum ReplyDestination: Hashable, Sendable {
    /// To the relay agent that the client is behind.
    case relay(Endpoint)
    /// To a client that has an address and answers ARP for it.
    case unicast(Endpoint)
    /// To a client that has an address only once it has read this reply: by its hardware address, without ARP.
    case hardware(MACAddress, Endpoint)
    /// To everybody on the link.
    case broadcast(port: UInt16)

    static let serverPort: UInt16 = 67
    static let clientPort: UInt16 = 68
    static let proxyPort: UInt16 = 4011

    /// Only the reply matters: `giaddr`, `ciaddr`, `flags` and `chaddr` in it are the request's.
    /// A client on InfiniBand has no hardware address that fits: everything is broadcast (RFC 4390 §2.1).
    /// - Parameter source: where the request came from: a relay agent that says so is answered at the port that it sent
    ///   from (RFC 8357), at its own address as ever.
    static func choose(for reply: DHCPPacket, requestFrom source: Endpoint? = nil) -> ReplyDestination {
        if reply.giaddr != .any {
            let relay = reply.options[.relayAgentInformation].flatMap { RelayAgentInformation(parsing: $0) }
            let port = source.flatMap { $0.address == reply.giaddr && relay?.usesSourcePort == true ? $0.port : nil }
            return .relay(Endpoint(address: reply.giaddr, port: port ?? serverPort))
        }
        if reply.messageType == .nak { return .broadcast(port: clientPort) }
        if reply.ciaddr != .any { return .unicast(Endpoint(address: reply.ciaddr, port: clientPort)) }
        guard !reply.wantsBroadcast, reply.yiaddr != .any, let mac = reply.chaddr.mac else {
            return .broadcast(port: clientPort)
        }
        return .hardware(mac, Endpoint(address: reply.yiaddr, port: clientPort))
    }

    /// For what came to port 4011: back to where it came from.
    static func choose(forRequestFrom source: Endpoint, ciaddr: IPv4Address) -> ReplyDestination {
        if source.address != .any { return .unicast(source) }
        return ciaddr != .any
            ? .unicast(Endpoint(address: ciaddr, port: source.port)) : .broadcast(port: source.port)
    }
}
