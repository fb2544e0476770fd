import Vocabulary

/// A code of option 93: what kind of program a client's firmware can start (RFC 4578 §2.1, IANA "Processor
/// Architecture Types").
public struct ClientArchitecture: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    private init(_ rawValue: UInt16) { self.rawValue = rawValue }

    public static let bios = Self(0)
    public static let pc98 = Self(1)
    public static let itanium = Self(2)
    public static let alpha = Self(3)
    public static let arcX86 = Self(4)
    public static let leanClient = Self(5)
    public static let ia32 = Self(6)
    public static let x64 = Self(7)
    public static let xscale = Self(8)
    /// EFI byte code by name. The RFC's erratum and much firmware mean x64.
    public static let ebc = Self(9)
    public static let arm32 = Self(10)
    public static let arm64 = Self(11)
    public static let ppcOpenFirmware = Self(12)
    public static let ppcEPAPR = Self(13)
    public static let ppcOPAL = Self(14)
    public static let ia32HTTP = Self(15)
    public static let x64HTTP = Self(16)
    public static let ebcHTTP = Self(17)
    public static let arm32HTTP = Self(18)
    public static let arm64HTTP = Self(19)
    public static let biosHTTP = Self(20)
    public static let arm32UBoot = Self(21)
    public static let arm64UBoot = Self(22)
    public static let arm32UBootHTTP = Self(23)
    public static let arm64UBootHTTP = Self(24)
    public static let riscv32 = Self(25)
    public static let riscv32HTTP = Self(26)
    public static let riscv64 = Self(27)
    public static let riscv64HTTP = Self(28)
    public static let riscv128 = Self(29)
    public static let riscv128HTTP = Self(30)
    public static let s390Basic = Self(31)
    public static let s390Extended = Self(32)
    public static let mips32 = Self(33)
    public static let mips64 = Self(34)
    public static let sunway32 = Self(35)
    public static let sunway64 = Self(36)
    public static let loong32 = Self(37)
    public static let loong32HTTP = Self(38)
    public static let loong64 = Self(39)
    public static let loong64HTTP = Self(40)
    public static let raspberryPi = Self(41)

    /// The codes of a list of 16-bit numbers; nil when it is empty or has an odd length.
    static func list(parsing octets: ArraySlice<UInt8>) -> [ClientArchitecture]? {
        guard !octets.isEmpty, octets.count.isMultiple(of: 2) else { return nil }
        return stride(from: octets.startIndex, to: octets.endIndex, by: 2).map {
            ClientArchitecture(UInt16(octets[$0]) << 8 | UInt16(octets[$0 + 1]))
        }
    }

    /// The boot file is named by a URL and fetched by HTTP.
    public var usesHTTP: Bool { Self.http.contains(self) }

    /// The architecture of the images for it; nil for those that nothing is made for. BIOS does not say whether its
    /// processor knows 64 bits: nil.
    public var architecture: Architecture? { Self.architectures[self] }

    private static let http: Set<ClientArchitecture> = [
        .ia32HTTP, .x64HTTP, .ebcHTTP, .arm32HTTP, .arm64HTTP, .biosHTTP, .arm32UBootHTTP, .arm64UBootHTTP,
        .riscv32HTTP, .riscv64HTTP, .riscv128HTTP, .loong32HTTP, .loong64HTTP,
    ]

    private static let architectures: [ClientArchitecture: Architecture] = [
        .ia32: .i386, .ia32HTTP: .i386,
        .x64: .amd64, .ebc: .amd64, .x64HTTP: .amd64, .ebcHTTP: .amd64,
        .arm32: .arm, .arm32HTTP: .arm, .arm32UBoot: .arm, .arm32UBootHTTP: .arm,
        .arm64: .arm64, .arm64HTTP: .arm64, .arm64UBoot: .arm64, .arm64UBootHTTP: .arm64, .raspberryPi: .arm64,
        .riscv64: .riscv64, .riscv64HTTP: .riscv64,
        .loong64: .loong64, .loong64HTTP: .loong64,
    ]
}

extension ClientArchitecture: CustomStringConvertible {
    public var description: String { String(rawValue) }
}
