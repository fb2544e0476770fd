import Vocabulary

extension ResourceName {
    /// The resource that a name in a read request means.
    ///
    /// The same closed list as over HTTP. Leading, doubled and reversed slashes are what firmware makes of a path and
    /// mean nothing.
    ///
    /// - Throws: file not found for anything else; access violation for a name that tries to climb.
    init(tftp name: BytePath) throws(TFTPError) {
        let slashed = name.bytes.map { $0 == UInt8(ascii: "\\") ? UInt8(ascii: "/") : $0 }
        guard let components = BytePath(Self.withoutJunk(slashed)).components else {
            throw TFTPError(.accessViolation, "names with .. are not served")
        }
        guard let resource = ResourceName(components: components), resource.isForTFTP else {
            throw TFTPError(.fileNotFound, "file not found")
        }
        self = resource
    }

    /// What a running system asks is asked over HTTP alone.
    private var isForTFTP: Bool {
        switch self {
        case .call(_, let kind): kind == .segment
        case .metadata: false
        default: true
        }
    }

    /// The name up to the first octet that no name of ours has: old Intel ROMs append 0xff, and some pass an option's
    /// bytes on with whatever follows them in their memory.
    private static func withoutJunk(_ name: [UInt8]) -> ArraySlice<UInt8> {
        name.prefix { (0x21..<0x7f).contains($0) }
    }
}
