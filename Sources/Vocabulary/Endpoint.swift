/// An IPv4 address and a port.
public struct Endpoint: Hashable, Sendable {
    public var address: IPv4Address
    public var port: UInt16

    public init(address: IPv4Address, port: UInt16) {
        self.address = address
        self.port = port
    }
}

extension Endpoint: CustomStringConvertible {
    public var description: String { "\(address):\(port)" }
}
