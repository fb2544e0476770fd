import Vocabulary

extension ResourceName {
    /// The resource that a name in a read request means.
    ///
    /// The closed list of DESIGN.md: a loader's bare name (or `loader/<name>`), `autoexec.ipxe`, `grub/grub.cfg`,
    /// `grub/grub.cfg-01-<mac>`, `boots/<id>/{kernel,initrd}`, `images/<hex>/<part>`. Leading, doubled and reversed
    /// slashes are what firmware makes of a path and mean nothing.
    /// - Throws: file not found for anything else; access violation for a name that tries to climb.
    init(tftp name: BytePath) throws(TFTPError) {
        let slashed = name.bytes.map { $0 == UInt8(ascii: "\\") ? UInt8(ascii: "/") : $0 }
        guard let components = BytePath(Self.withoutJunk(slashed)).components else {
            throw TFTPError(.accessViolation, "names with .. are not served")
        }
        guard let resource = Self.resource(components.map { String(decoding: $0.bytes, as: UTF8.self) }) else {
            throw TFTPError(.fileNotFound, "file not found")
        }
        self = resource
    }

    /// The name up to the first octet that no name of ours has: old Intel ROMs append 0xff, and some pass an option's
    /// bytes on with whatever follows them in their memory.
    private static func withoutJunk(_ name: [UInt8]) -> ArraySlice<UInt8> {
        name.prefix { (0x21..<0x7f).contains($0) }
    }

    private static func resource(_ parts: [String]) -> ResourceName? {
        switch (parts.first, parts.count) {
        case (let name?, 1):
            return script(name) ?? .loader(name)
        case ("grub", 2):
            return grubConfiguration(parts[1])
        case ("loader", 2):
            return .loader(parts[1])
        case ("boots", 3):
            guard let boot = BootID(parts[1]), ["kernel", "initrd"].contains(parts[2]) else { return nil }
            return .boot(boot, part: parts[2])
        case ("images", 3):
            return Digest(hex: parts[1]).map { .image($0, part: parts[2]) }
        default:
            return nil
        }
    }

    private static func script(_ name: String) -> ResourceName? {
        switch name {
        case "autoexec.ipxe", "boot.ipxe": .ipxeScript(nil)
        default: grubConfiguration(name)
        }
    }

    /// `grub.cfg`, or `grub.cfg-01-` and the hyphenated MAC. The other spellings that GRUB tries (`-<hex of the
    /// address>`, ever shorter) name no machine of ours and must fail fast.
    private static func grubConfiguration(_ name: String) -> ResourceName? {
        guard name.hasPrefix("grub.cfg") else { return nil }
        guard name != "grub.cfg" else { return .grubConfiguration(nil) }
        guard name.hasPrefix("grub.cfg-01-") else { return nil }
        return MACAddress(name.dropFirst("grub.cfg-01-".count)).map { .grubConfiguration($0) }
    }
}
