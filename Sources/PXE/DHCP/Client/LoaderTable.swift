/// Which loader an architecture gets, and who gets another.
public struct LoaderTable: Hashable, Sendable {
    /// File names by architecture. An empty name: nothing is offered.
    public var loaders: [ClientArchitecture: String]
    /// Other tables for clients whose option 60 begins with a prefix; the longest prefix wins.
    public var vendorClasses: [String: [ClientArchitecture: String]]

    /// - Parameters:
    ///   - overrides: replace or add to the defaults.
    ///   - vendorClasses: by the prefix of option 60.
    public init(
        overrides: [ClientArchitecture: String] = [:],
        vendorClasses: [String: [ClientArchitecture: String]] = [:]
    ) {
        loaders = Self.defaults.merging(overrides) { $1 }
        self.vendorClasses = vendorClasses
    }

    public static let defaults: [ClientArchitecture: String] = [
        .bios: "undionly.kpxe", .biosHTTP: "undionly.kpxe",
        .ia32: "ipxe-ia32.efi", .ia32HTTP: "ipxe-ia32.efi",
        .x64: "ipxe.efi", .ebc: "ipxe.efi", .x64HTTP: "ipxe.efi", .ebcHTTP: "ipxe.efi",
        .arm32: "ipxe-arm32.efi", .arm32HTTP: "ipxe-arm32.efi",
        .arm64: "ipxe-arm64.efi", .arm64HTTP: "ipxe-arm64.efi",
        .arm64UBoot: "ipxe-arm64.efi", .arm64UBootHTTP: "ipxe-arm64.efi",
        .riscv64: "ipxe-riscv64.efi", .riscv64HTTP: "ipxe-riscv64.efi",
        .loong64: "ipxe-loong64.efi", .loong64HTTP: "ipxe-loong64.efi",
    ]

    /// The loader of the first of a client's architectures that has one.
    /// - Parameter machine: the machine's own loader, which goes before every table.
    /// - Returns: nil when there is none for this client.
    public func loader(
        for client: BootClient,
        machine: String? = nil
    ) -> (name: String, architecture: ClientArchitecture)? {
        let codes = client.isRaspberryPi ? [.raspberryPi] : client.architectures
        if let machine, let first = codes.first { return (machine, first) }
        let own = vendorClasses.filter { client.vendorClass.hasPrefix($0.key) }.max {
            $0.key.utf8.count < $1.key.utf8.count
        }
        for code in codes {
            if let name = own?.value[code] ?? loaders[code], !name.isEmpty { return (name, code) }
        }
        return nil
    }
}
