import PXE

extension LoaderTable {
    /// Reads `dhcp.loaders`: files by architecture, and by the beginning of a vendor class (option 60) files by
    /// architecture.
    ///
    ///     loaders:
    ///       x64: ipxe-signed.efi
    ///       0x000b: mine-arm64.efi
    ///       "PXEClient:Arch:00007:UNDI:003016": { x64: snponly.efi }
    init(setting node: SettingsNode?, for key: String) throws(ConfigurationError) {
        self.init()
        guard let node else { return }
        guard case .mapping(let entries) = node.content else {
            throw ConfigurationError("\(node.place): \(key): found \(node.found), expected a mapping")
        }
        for entry in entries {
            if case .mapping(let files) = entry.value.content {
                vendorClasses[entry.key] = [:]
                for file in files {
                    vendorClasses[entry.key]?[try Self.architecture(file, key)] = try Self.file(file, key)
                }
            } else {
                loaders[try Self.architecture(entry, key)] = try Self.file(entry, key)
            }
        }
    }

    private static func architecture(
        _ entry: SettingsNode.Entry,
        _ key: String
    ) throws(ConfigurationError) -> ClientArchitecture {
        let name = entry.key.lowercased()
        if let known = names[name] { return known }
        let number = name.hasPrefix("0x") ? UInt16(name.dropFirst(2), radix: 16) : UInt16(name)
        guard let number else {
            throw ConfigurationError(
                "\(entry.keyPlace): \(key): found '\(entry.key)', expected a vendor class with a mapping, a number of "
                    + "option 93, or one of \(names.keys.sorted().joined(separator: ", "))"
            )
        }
        return ClientArchitecture(rawValue: number)
    }

    /// A file name among the loaders; empty for a loader that is not to be offered.
    private static func file(_ entry: SettingsNode.Entry, _ key: String) throws(ConfigurationError) -> String {
        if case .scalar("") = entry.value.content { return "" }
        let name = try entry.value.scalar(String.self, for: "\(key).\(entry.key)")
        guard !name.utf8.contains(UInt8(ascii: "/")) else {
            throw ConfigurationError("\(entry.value.place): \(key): found '\(name)', expected a file name without '/'")
        }
        return name
    }

    private static let names: [String: ClientArchitecture] = [
        "bios": .bios, "bios-http": .biosHTTP, "ia32": .ia32, "ia32-http": .ia32HTTP, "x64": .x64,
        "x64-http": .x64HTTP, "ebc": .ebc, "ebc-http": .ebcHTTP, "arm32": .arm32, "arm32-http": .arm32HTTP,
        "arm64": .arm64, "arm64-http": .arm64HTTP, "riscv64": .riscv64, "riscv64-http": .riscv64HTTP,
        "loong64": .loong64, "loong64-http": .loong64HTTP, "raspberry-pi": .raspberryPi,
    ]
}
