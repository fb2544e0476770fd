import Vocabulary

extension ResourceName {
    /// The resource that a path means, whichever protocol it came by; nil when it means none.
    ///
    /// - Parameter components: What stands between the slashes, without empty parts: firmware doubles slashes (shim
    ///   asks HTTP for `//grubx64.efi`), and a loader asks for the next one beside itself, so that a bare name and
    ///   `loader/<name>` are the same.
    public init?(components: [BytePath]) {
        let parts = components.map(\.bytes)
        if let item = MetadataItem(components: parts) {
            self = .metadata(item)
            return
        }
        switch parts.count {
        case 1:
            self.init(file: parts[0])
        case 2 where parts[0].elementsEqual("loader".utf8):
            self.init(file: parts[1])
        case 2 where parts[0].elementsEqual("grub".utf8):
            guard let configuration = Self.grubConfiguration(file: parts[1]) else { return nil }
            self = configuration
        case 2 where parts[0].elementsEqual("boot.ipxe".utf8):
            // A machine that asks for its script gets one, even when it cannot spell its own address.
            self = .ipxeScript(MACAddress(String(decoding: parts[1], as: UTF8.self)))
        case 3:
            self.init(directory: parts[0], key: parts[1], part: parts[2])
        default:
            return nil
        }
    }

    /// A file beside the loaders.
    private init?(file name: [UInt8]) {
        guard let text = Self.fileName(name) else { return nil }
        switch text {
        case "boot.ipxe", "autoexec.ipxe": self = .ipxeScript(nil)
        case "healthz": self = .health
        case _ where text.hasPrefix("grub.cfg"):
            guard let configuration = Self.grubConfiguration(file: name) else { return nil }
            self = configuration
        default: self = .loader(text)
        }
    }

    private init?(directory: [UInt8], key: [UInt8], part: [UInt8]) {
        let key = String(decoding: key, as: UTF8.self)
        guard let part = Self.fileName(part) else { return nil }
        switch String(decoding: directory, as: UTF8.self) {
        case "images":
            guard let digest = Digest(hex: key) else { return nil }
            self = .image(digest, part: part)
        case "blobs":
            guard key == "sha256", let digest = Digest(hex: part) else { return nil }
            self = .blob(digest)
        case "boots":
            guard let boot = BootID(key) else { return nil }
            if let call = MachineCall.Kind(rawValue: part) {
                self = .call(boot, call)
            } else if part == "kernel" || part == "initrd" {
                self = .boot(boot, part: part)
            } else {
                return nil
            }
        default:
            return nil
        }
    }

    /// `grub.cfg`, or `grub.cfg-01-` and a MAC. The other names that GRUB tries (`grub.cfg-` and ever shorter hex of
    /// the client's address) are nobody's and must miss at once.
    private static func grubConfiguration(file name: [UInt8]) -> ResourceName? {
        if name.elementsEqual("grub.cfg".utf8) { return .grubConfiguration(nil) }
        let prefix = "grub.cfg-01-"
        guard name.starts(with: prefix.utf8) else { return nil }
        let mac = String(decoding: name.dropFirst(prefix.utf8.count), as: UTF8.self)
        // `grub.cfg-01-` alone is what our own configuration asks for where GRUB does not know its address.
        if mac.isEmpty { return .grubConfiguration(nil) }
        return MACAddress(mac).map { .grubConfiguration($0) }
    }

    /// Printable ASCII without blanks, at most 128 bytes, not beginning with a dot.
    private static func fileName(_ bytes: [UInt8]) -> String? {
        guard (1...128).contains(bytes.count), bytes.first != UInt8(ascii: "."),
            bytes.allSatisfy({ (0x21..<0x7f).contains($0) })
        else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
