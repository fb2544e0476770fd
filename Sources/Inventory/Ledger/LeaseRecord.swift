import Vocabulary

/// A DHCP binding as the ledger keeps it: the latest state of one address.
public struct LeaseRecord: Hashable, Sendable {
    public enum State: String, Hashable, Sendable, Codable { case bound, released, declined }

    public var address: IPv4Address
    public var mac: MACAddress
    /// Option 61 as sent; empty when there was none.
    public var clientIdentifier: [UInt8]
    public var state: State
    public var expiry: Timestamp
    public var hostName: String?
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
