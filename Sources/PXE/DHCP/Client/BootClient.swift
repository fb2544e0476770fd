import Vocabulary

/// What a DHCP client is, as far as booting goes: read from one packet, without any memory.
public struct BootClient: Hashable, Sendable {
    public var kind: BootClientKind
    /// What the firmware can start, the best first as it sent them; empty for clients that do not boot.
    public var architectures: [ClientArchitecture]
    public var identity: MachineIdentity
    public var vendorClass: VendorClass
    /// An iPXE that does not say so: it says some user class (option 77), which no firmware does, or asks for iPXE's own
    /// option.
    public var mayBeIPXE: Bool
    /// What iPXE says that it can do; nil when it does not say.
    public var features: Set<IPXEOptions.Feature>?
    /// The boot ROM of a Raspberry Pi, which says BIOS and means itself.
    public var isRaspberryPi: Bool

    /// nil for a client that must not be answered: its option 93 is no list of codes (RFC 4578 §2.1).
    /// - Parameter ipxeClasses: user classes that mean iPXE.
    public init?(_ packet: DHCPPacket, ipxeClasses: [String] = ["iPXE"]) {
        let options = packet.options
        vendorClass = VendorClass(parsing: options[.vendorClass] ?? [])
        let userClass = options[.userClass].map { UserClass(parsing: $0) }
        mayBeIPXE =
            userClass?.classes.isEmpty == false
            || options[.parameterRequestList]?.contains(DHCPOptionCode.ipxe.rawValue) ?? false
        let mac = packet.chaddr.mac ?? InfiniBandIdentifier.mac(of: packet)
        if let list = options[.clientArchitecture] {
            guard let parsed = ClientArchitecture.list(parsing: list) else { return nil }
            architectures = parsed
        } else {
            architectures = vendorClass.architecture.map { [$0] } ?? []
        }
        isRaspberryPi =
            architectures.contains(.raspberryPi)
            || architectures == [.bios] && mac.map { Self.raspberryPis.contains($0.rawValue >> 24) } ?? false
        features = options[.ipxe].map { IPXEOptions(parsing: $0).features }
        if features != nil || userClass.map({ seen in ipxeClasses.contains { seen.contains($0) } }) ?? false {
            kind = .ipxe
        } else if vendorClass.hasPrefix(VendorClass.pxeClient) {
            kind = .pxe
        } else if vendorClass.hasPrefix(VendorClass.httpClient) {
            kind = .httpBoot
        } else {
            kind = .other
        }
        let architecture = architectures.lazy.compactMap(\.architecture).first
        identity = MachineIdentity(mac: mac, uuid: options.machineUUID, architecture: architecture)
    }

    /// Organisation numbers of the Raspberry Pi Foundation and of Raspberry Pi (Trading) Ltd.
    private static let raspberryPis: Set<UInt64> = [0xb827eb, 0xdca632, 0xe45f01, 0xd83add, 0x2ccf67, 0x28cdc1]

    /// Whether iPXE can fetch a script. One that does not tell its features is taken to be able.
    var speaksHTTP: Bool { features.map { $0.isEmpty || $0.contains(.http) } ?? true }

    /// Whether its next step is a loader and not a script.
    var loadsLoaders: Bool { kind != .ipxe || !speaksHTTP }
}
