import CLinuxNet
import Vocabulary

/// An address and a port of either family; an IPv4 address is kept in its mapped form, `::ffff:a.b.c.d`.
public struct SocketAddress: Hashable, Sendable {
    let high: UInt64
    let low: UInt64
    /// The interface of a link-local IPv6 address, else 0.
    let scope: UInt32
    public let port: UInt16

    private static let mapped: UInt64 = 0x0000_ffff_0000_0000

    public init(_ endpoint: Endpoint) { self.init(endpoint.address, port: endpoint.port) }

    public init(_ address: IPv4Address, port: UInt16) {
        high = 0
        low = Self.mapped | UInt64(address.rawValue)
        scope = 0
        self.port = port
    }

    /// - Parameter octets: the 16 of an IPv6 address, in network order; nil when there are not 16.
    public init?(ipv6 octets: some Collection<UInt8>, scope: UInt32 = 0, port: UInt16) {
        guard octets.count == 16 else { return nil }
        high = octets.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        low = octets.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
        self.scope = scope
        self.port = port
    }

    /// `[::]:port`, which no IPv4 datagram reaches.
    public static func anyIPv6(port: UInt16) -> SocketAddress { SocketAddress(high: 0, low: 0, scope: 0, port: port) }

    private init(high: UInt64, low: UInt64, scope: UInt32, port: UInt16) {
        (self.high, self.low, self.scope, self.port) = (high, low, scope, port)
    }

    public var ipv4: IPv4Address? {
        high == 0 && low & 0xffff_ffff_0000_0000 == Self.mapped
            ? IPv4Address(rawValue: UInt32(truncatingIfNeeded: low)) : nil
    }

    public var endpoint: Endpoint? { ipv4.map { Endpoint(address: $0, port: port) } }

    /// The same address, whatever the port.
    func isSameHost(as other: SocketAddress) -> Bool { high == other.high && low == other.low }

    public func with(port: UInt16) -> SocketAddress { SocketAddress(high: high, low: low, scope: scope, port: port) }
}

extension SocketAddress {
    /// What a C shim filled in; nil for version 0.
    init?(_ endpoint: muster_endpoint) {
        let words = withUnsafeBytes(of: endpoint.address) { bytes in
            (
                UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        switch endpoint.version {
        case 4:
            self.init(IPv4Address(rawValue: UInt32(truncatingIfNeeded: words.1)), port: endpoint.port)
        case 6:
            self.init(high: words.0, low: words.1, scope: endpoint.scope, port: endpoint.port)
        default:
            return nil
        }
    }

    /// For a C shim.
    var raw: muster_endpoint {
        var endpoint = muster_endpoint()
        endpoint.version = ipv4 == nil ? 6 : 4
        endpoint.port = port
        endpoint.scope = scope
        withUnsafeMutableBytes(of: &endpoint.address) { bytes in
            bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
            bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return endpoint
    }
}

extension SocketAddress: CustomStringConvertible {
    /// `192.0.2.1:69`, `[fe80::1%2]:69` (groups without leading zeros, none left out).
    public var description: String {
        if let endpoint { return endpoint.description }
        let groups = [high, low].flatMap { word in
            stride(from: 48, through: 0, by: -16).map { shift in
                String(UInt16(truncatingIfNeeded: word >> UInt64(shift)), radix: 16)
            }
        }
        return "[\(groups.joined(separator: ":"))\(scope == 0 ? "" : "%\(scope)")]:\(port)"
    }
}
