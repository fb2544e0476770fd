/// Option 175: iPXE's own sub-options. Whoever sends it is iPXE, whatever its user class says.
public struct IPXEOptions: Hashable, Sendable {
    /// A sub-option whose presence (and value 1) says what the build can do.
    public struct Feature: RawRepresentable, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        private init(_ rawValue: UInt8) { self.rawValue = rawValue }

        /// Loads PXE boot programs.
        public static let pxeExtensions = Feature(0x10)
        public static let iscsi = Feature(0x11)
        public static let http = Feature(0x13)
        public static let https = Feature(0x14)
        public static let tftp = Feature(0x15)
        public static let dns = Feature(0x17)
        public static let bzImage = Feature(0x18)
        public static let elf = Feature(0x1d)
        public static let pxe = Feature(0x21)
        public static let multiboot = Feature(0x1a)
        public static let comboot = Feature(0x1b)
        public static let efi = Feature(0x24)
        public static let vlan = Feature(0x26)
        public static let menu = Feature(0x27)
    }

    public var features: Set<Feature>

    /// What of it is well formed; nothing of it when nothing is.
    public init(parsing octets: some Collection<UInt8>) {
        let list = SubOption.list(parsing: octets, framing: .padded) ?? []
        features = Set(
            list.filter { (0x10...0x4f).contains($0.code) && $0.octets != [0] }.map { Feature(rawValue: $0.code) }
        )
    }

    /// Sub-option 176: do not wait the two seconds for a proxyDHCP offer.
    static let noProxyDHCP: [UInt8] = [176, 1, 1]
}
