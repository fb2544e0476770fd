import Vocabulary

/// Option 82: what a relay agent says about the way of a request (RFC 3046). Always sent back as it came.
public struct RelayAgentInformation: Hashable, Sendable {
    public var subOptions: [SubOption]

    /// nil when it is malformed; it is sent back all the same.
    public init?(parsing octets: some Collection<UInt8>) {
        guard let list = SubOption.list(parsing: octets, framing: .plain) else { return nil }
        subOptions = list
    }

    /// The port that the client is on.
    public var circuitID: [UInt8]? { self[1] }
    /// The relay's name for the client, or for itself.
    public var remoteID: [UInt8]? { self[2] }
    /// The network to serve the client from when it is not giaddr's (RFC 3527).
    public var linkSelection: IPv4Address? { self[5].flatMap { IPv4Address(octets: $0) } }
    /// The address to give as option 54, so that renewals pass the relay (RFC 5107).
    public var serverIdentifierOverride: IPv4Address? { self[11].flatMap { IPv4Address(octets: $0) } }
    /// The relay wants its answers at the port that it sent from (RFC 8357).
    public var usesSourcePort: Bool { self[19] != nil }

    private subscript(code: UInt8) -> [UInt8]? { subOptions.first { $0.code == code }?.octets }
}
