import CLinuxNet
import Vocabulary

/// A network interface as it is at one moment.
public struct NetworkInterface: Hashable, Sendable {
    public struct Address: Hashable, Sendable {
        public var address: IPv4Address
        public var prefixLength: Int

        public init(_ address: IPv4Address, prefixLength: Int) {
            self.address = address
            self.prefixLength = prefixLength
        }

        public var network: IPv4Network? { IPv4Network(containing: address, prefixLength: prefixLength) }
    }

    public var name: String
    /// What the kernel calls it; a new one each time that the interface is made.
    public var index: UInt32
    /// nil for interfaces without Ethernet addresses.
    public var mac: MACAddress?
    public var addresses: [Address]
    public var ipv6Addresses: [SocketAddress]
    /// Bytes of the biggest IP packet.
    public var mtu: Int
    /// Switched on by an administrator.
    public var isUp: Bool
    /// The link is there.
    public var isRunning: Bool
    public var isLoopback: Bool

    public init(
        name: String,
        index: UInt32,
        mac: MACAddress?,
        addresses: [Address] = [],
        ipv6Addresses: [SocketAddress] = [],
        mtu: Int = 1500,
        isUp: Bool = true,
        isRunning: Bool = true,
        isLoopback: Bool = false
    ) {
        self.name = name
        self.index = index
        self.mac = mac
        self.addresses = addresses
        self.ipv6Addresses = ipv6Addresses
        self.mtu = mtu
        self.isUp = isUp
        self.isRunning = isRunning
        self.isLoopback = isLoopback
    }

    /// All interfaces of the network namespace that the calling thread is in, by index.
    public static func all() throws(SystemError) -> [NetworkInterface] {
        var entries = [muster_interface](repeating: muster_interface(), count: 64)
        var count = Int(muster_interfaces(&entries, CInt(entries.count)))
        while count > entries.count {
            entries = [muster_interface](repeating: muster_interface(), count: count + 16)
            count = Int(muster_interfaces(&entries, CInt(entries.count)))
        }
        guard count >= 0 else { throw SystemError("list", "network interfaces") }
        var found: [UInt32: NetworkInterface] = [:]
        for entry in entries[..<count] {
            found[entry.index, default: NetworkInterface(entry)].add(entry)
        }
        return found.values.sorted { $0.index < $1.index }
    }

    /// The interface of that name; nil when there is none now.
    public static func named(_ name: String) throws(SystemError) -> NetworkInterface? {
        try all().first { $0.name == name }
    }

    /// The interface's own address in the network that `peer` lies in, else its first one.
    public func address(facing peer: IPv4Address) -> IPv4Address? {
        (addresses.first { $0.network?.contains(peer) == true } ?? addresses.first)?.address
    }

    private init(_ entry: muster_interface) {
        let name = withUnsafeBytes(of: entry.name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let octets = withUnsafeBytes(of: entry.mac) { Array($0) }
        self.init(
            name: name,
            index: entry.index,
            mac: entry.has_mac ? MACAddress(octets: octets) : nil,
            mtu: Int(entry.mtu),
            isUp: entry.up,
            isRunning: entry.running,
            isLoopback: entry.loopback
        )
    }

    private mutating func add(_ entry: muster_interface) {
        guard let address = SocketAddress(entry.address) else { return }
        if let ipv4 = address.ipv4 {
            addresses.append(Address(ipv4, prefixLength: Int(entry.prefix)))
        } else {
            ipv6Addresses.append(address)
        }
    }
}
