import Vocabulary

/// Which compressors of an initrd a kernel can read, as far as it says.
///
/// The kernel's configuration has `CONFIG_RD_GZIP=y` and so on (Linux, usr/Kconfig). It is looked for beside the kernel
/// (`config-*`) and in it (IKCONFIG); without it the kernel's version decides, which a bzImage tells: zstd came with 5.9.
struct KernelCompression: Hashable, Sendable {
    /// nil: nobody knows.
    var readable: Set<InitrdCompression>?

    static let unknown = KernelCompression(readable: nil)

    init(readable: Set<InitrdCompression>?) { self.readable = readable }

    /// - Parameter configuration: a kernel's `.config`.
    /// - Returns: nil for a text that is none.
    init?(configuration: String) {
        var readable: Set<InitrdCompression> = []
        var isConfiguration = false
        for line in configuration.utf8.split(separator: UInt8(ascii: "\n")) {
            guard line.starts(with: "CONFIG_".utf8) else { continue }
            isConfiguration = true
            switch String(Substring(line)) {
            // A kernel that reads initrds reads those that are not compressed.
            case "CONFIG_BLK_DEV_INITRD=y": readable.insert(.none)
            case "CONFIG_RD_GZIP=y": readable.insert(.gzip)
            case "CONFIG_RD_XZ=y": readable.insert(.xz)
            case "CONFIG_RD_ZSTD=y": readable.insert(.zstd)
            default: break
            }
        }
        guard isConfiguration else { return nil }
        self.readable = readable.contains(.none) ? readable : []
    }

    /// - Parameter version: a kernel's release: `6.1.0-18-amd64`.
    /// - Returns: nil for a text that is none.
    init?(version: String) {
        let numbers = version.split(separator: ".").prefix(2).map { $0.prefix { $0.isASCII && $0.isNumber } }
        guard numbers.count == 2, let major = Int(numbers[0]), let minor = Int(numbers[1]) else { return nil }
        // Before 5.9 there is no zstd; since then a kernel may have been built without.
        readable = (major, minor) < (5, 9) ? [.none, .gzip, .xz] : nil
    }

    /// What an initrd is compressed with for this kernel.
    ///
    /// - Parameter asked: what the definition says.
    /// - Throws: `BuildError` when the kernel reads no initrd, or not one that is compressed so.
    func choose(asked: InitrdCompression?) throws(BuildError) -> InitrdCompression {
        guard let readable else { return asked ?? .gzip }
        guard !readable.isEmpty else {
            throw BuildError(
                .invalidInput,
                "the kernel was built without support for initrds (CONFIG_BLK_DEV_INITRD), and the image is one"
            )
        }
        if let asked {
            guard readable.contains(asked) else {
                let names = InitrdCompression.allCases.filter(readable.contains).map(\.rawValue).joined(separator: ", ")
                throw BuildError(
                    .invalidInput,
                    "the kernel cannot read an initrd that is compressed with \(asked.rawValue), only: \(names); "
                        + "change `muster.kernel.initrd` or the kernel"
                )
            }
            return asked
        }
        return [.zstd, .gzip, .xz].first(where: readable.contains) ?? .none
    }
}
