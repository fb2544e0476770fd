/// One DHCPv4 binding, as it is kept: the latest state of an address.
public struct Lease: Hashable, Sendable {
    public enum State: String, Hashable, Sendable, Codable, CaseIterable {
        /// Acknowledged to the client until `expiry`.
        case bound
        /// Given back by the client; kept for it until another needs the address (RFC 2131 §4.3.4).
        case released
        /// Found in use by a client; given to nobody until `expiry` (RFC 2131 §4.3.3).
        case declined
    }

    public var address: IPv4Address
    public var mac: MACAddress
    /// Option 61 as sent; empty when the client sent none.
    public var clientIdentifier: [UInt8]
    public var state: State
    public var expiry: Timestamp
    /// Option 12 as sent, if it is text.
    public var hostName: String?
    /// The relay agent that the client is behind; nil on our own link.
    public var relay: IPv4Address?

    public init(
        address: IPv4Address,
        mac: MACAddress,
        clientIdentifier: [UInt8] = [],
        state: State = .bound,
        expiry: Timestamp,
        hostName: String? = nil,
        relay: IPv4Address? = nil
    ) {
        self.address = address
        self.mac = mac
        self.clientIdentifier = clientIdentifier
        self.state = state
        self.expiry = expiry
        self.hostName = hostName
        self.relay = relay
    }
}
