import Vocabulary

/// The network behind one interface, as the engines see it.
struct DHCPLink: Hashable, Sendable {
    var name: String
    /// What the interface has.
    var addresses: [NetworkInterface.Address]
    /// The address that the configuration says; nil when it says none.
    var configured: IPv4Address?
    /// Octets of the biggest IP packet.
    var mtu = 1500

    /// Our address as a client of `network` reaches it; nil on an interface without any.
    func address(facing network: IPv4Network?) -> IPv4Address? {
        guard let network else { return configured ?? addresses.first?.address }
        if let configured, network.contains(configured) { return configured }
        return addresses.first { network.contains($0.address) }?.address ?? configured ?? addresses.first?.address
    }

    func has(_ address: IPv4Address) -> Bool {
        address == configured || addresses.contains { $0.address == address }
    }
}

/// How a packet came.
struct DHCPArrival: Hashable, Sendable {
    var link: DHCPLink
    var source: Endpoint
    /// Where it was sent to; nil when that is not known.
    var destination: IPv4Address?
    /// The port that it came to: 67 or 4011.
    var port: UInt16

    /// Sent to this server alone.
    var isUnicast: Bool { destination.map(link.has) ?? false }
}

/// A reply, and how it leaves.
struct DHCPReply: Hashable, Sendable {
    var packet: DHCPPacket
    var destination: ReplyDestination
    /// Our address, which is also in the packet, and the port.
    var source: Endpoint
    /// Octets of the longest message that the client takes.
    var limit: Int
}

/// Why a packet that parsed got no reply.
public enum DHCPIgnored: String, Hashable, Sendable, CaseIterable {
    /// A BOOTREPLY on the server's port.
    case notARequest
    /// A type that no client sends to a server, or one that this mode does not serve.
    case messageType
    /// Neither a hardware address nor a client identifier.
    case unidentified
    /// Option 93 is no list.
    case architecture
    /// Not a client that boots, in proxy mode.
    case notBooting
    /// A network that nobody described, or an interface without an address.
    case noSubnet
    /// It chose another server.
    case otherServer
    /// Nothing is known about the client, and RFC 2131 wants silence then.
    case unknownClient
    /// No address is left.
    case noAddress
    /// A LEASEQUERY from somebody who may not ask.
    case notPermitted
    /// Option 82 without a relay, where that is not accepted.
    case unrelayed
    /// Too many replies wait for the disk.
    case overloaded
    /// The lease could not be written.
    case notWritten
}

/// What an engine makes of a packet.
struct DHCPOutcome: Sendable {
    var reply: DHCPReply?
    /// What must be durable before the reply leaves.
    var change: LeaseTable.Change?
    var ignored: DHCPIgnored?
    var observations: [Observation] = []

    static func ignore(_ reason: DHCPIgnored) -> DHCPOutcome { DHCPOutcome(ignored: reason) }
}
