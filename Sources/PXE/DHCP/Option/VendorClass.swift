/// Option 60: what kind of client or server speaks, `PXEClient:Arch:00007:UNDI:003001` for firmware.
public struct VendorClass: Hashable, Sendable {
    public var octets: [UInt8]

    public init(parsing octets: some Collection<UInt8>) { self.octets = Array(octets) }

    static let pxeClient = "PXEClient"
    static let httpClient = "HTTPClient"

    public func hasPrefix(_ prefix: String) -> Bool { octets.starts(with: prefix.utf8) }

    /// The number after `:Arch:`, five digits, for clients that send no option 93.
    public var architecture: ClientArchitecture? {
        let parts = octets.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard let label = parts.firstIndex(where: { $0.elementsEqual("Arch".utf8) }), label + 1 < parts.count,
            let text = String(validating: parts[label + 1], as: UTF8.self), let code = UInt16(text)
        else { return nil }
        return ClientArchitecture(rawValue: code)
    }
}
