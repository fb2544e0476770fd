import Inventory
import Vocabulary

/// The latest state of one address.
public struct LeaseView: Hashable, Sendable, Codable {
    public var address: IPv4Address
    public var mac: MACAddress
    /// The described machine that has the MAC.
    public var machine: String?
    public var state: Lease.State
    public var expiry: Time
    public var hostName: String?
    public var relay: IPv4Address?

    public init(_ record: Lease, machine: String?) {
        address = record.address
        mac = record.mac
        self.machine = machine
        state = record.state
        expiry = Time(record.expiry)
        hostName = record.hostName
        relay = record.relay
    }
}
