/// A processor architecture that images are made for, spelled as Go, OCI and Debian spell it.
///
/// `init?` also takes the names that iPXE (`${buildarch}`) and kernels use, so that there is one place that knows them.
public struct Architecture: Hashable, Sendable, RawRepresentable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let amd64 = Architecture(rawValue: "amd64")
    public static let arm64 = Architecture(rawValue: "arm64")
    public static let riscv64 = Architecture(rawValue: "riscv64")
    public static let i386 = Architecture(rawValue: "386")
    public static let arm = Architecture(rawValue: "arm")
    public static let loong64 = Architecture(rawValue: "loong64")

    private static let names: [String: Architecture] = [
        "amd64": .amd64, "x86_64": .amd64, "x86-64": .amd64,
        // iPXE's BIOS builds say i386 on 64-bit processors too; who asks must know the processor otherwise.
        "386": .i386, "i386": .i386,
        "arm64": .arm64, "aarch64": .arm64,
        "arm": .arm, "arm32": .arm,
        "riscv64": .riscv64, "loong64": .loong64, "loongarch64": .loong64,
    ]

    /// The architecture that any of its usual names means; nil for an unknown name.
    public init?(_ name: String) {
        guard let known = Self.names[name.lowercased()] else { return nil }
        self = known
    }
}

extension Architecture: CustomStringConvertible, LosslessStringConvertible, Codable {
    public var description: String { rawValue }
    public init(from decoder: any Decoder) throws {
        self = try decodeDescription(from: decoder, expecting: "an architecture such as amd64 or arm64")
    }
    public func encode(to encoder: any Encoder) throws { try encodeDescription(of: self, to: encoder) }
}
