import Vocabulary

/// A GRUB that boots one image: made of Debian's modules, with a configuration of two lines and nothing to choose.
struct GRUB: Sendable {
    /// Where it runs.
    enum Platform: Sendable {
        /// In the sectors before the first partition of a disk.
        case biosDisk
        /// As the El Torito boot image of a CD, and of a disk that a CD's image was written to.
        case biosCD
        case efi(Architecture)

        fileprivate var format: String {
            switch self {
            case .biosDisk: "i386-pc"
            case .biosCD: "i386-pc-eltorito"
            case .efi(.arm64): "arm64-efi"
            case .efi: "x86_64-efi"
            }
        }

        private var directory: String {
            switch self {
            case .biosDisk, .biosCD: "i386-pc"
            case .efi: format
            }
        }

        private var package: String {
            switch self {
            case .biosDisk, .biosCD: "grub-pc-bin"
            case .efi(.arm64): "grub-efi-arm64-bin:arm64"
            case .efi: "grub-efi-amd64-bin"
            }
        }

        /// A file of GRUB's for this platform.
        func file(_ name: String, with tools: FormatTools) throws(BuildError) -> String {
            try tools.file("/usr/lib/grub/\(directory)/\(name)", package: package)
        }

        /// How firmware calls what it starts from a medium by itself (UEFI specification 2.10, 3.5.1.1).
        static func removableName(_ architecture: Architecture) throws(BuildError) -> String {
            switch architecture {
            case .amd64: "EFI/BOOT/BOOTX64.EFI"
            case .arm64: "EFI/BOOT/BOOTAA64.EFI"
            default:
                throw BuildError(.invalidInput, "there is no EFI format for \(architecture), only for amd64 and arm64")
            }
        }
    }

    /// Makes GRUB at `path`.
    /// - Parameters:
    ///   - prefix: the directory of its `grub.cfg`, in GRUB's spelling.
    ///   - first: commands that it carries in itself and runs before it looks for that file.
    static func make(
        _ platform: Platform,
        at path: String,
        prefix: String,
        first: String? = nil,
        in work: FormatWork
    ) async throws {
        let modules = try platform.file("moddep.lst", with: work.tools).dropLast("/moddep.lst".count)
        var arguments = ["--format", platform.format, "--directory", String(modules), "--prefix", prefix]
        if let first {
            let file = work.scratch("grub-first-\(platform.format).cfg")
            try work.write(Array(first.utf8), to: file)
            arguments += ["--config", file]
        }
        arguments += ["--output", path, "normal", "linux", "part_msdos", "part_gpt", "fat"]
        if first != nil { arguments += ["iso9660", "search", "search_fs_file"] }
        switch platform {
        case .biosDisk, .biosCD: arguments.append("biosdisk")
        case .efi: break
        }
        try await work.tools.run(.grubMakeImage, arguments)
    }

    /// The `grub.cfg`.
    /// - Parameters:
    ///   - kernel, initrds: paths on the medium.
    /// - Throws: `BuildError` for a command line that GRUB would change on its way to the kernel.
    static func configuration(kernel: String, commandLine: String, initrds: [String]) throws(BuildError) -> [UInt8] {
        // GRUB puts a backslash before each of these (grub-core/lib/cmdline.c), and the kernel takes none away.
        if let character = commandLine.first(where: { "\\\"'".contains($0) }) {
            throw BuildError(
                .invalidInput,
                "GRUB cannot hand \(character) to a kernel, and the command line is: \(commandLine); take kernel+initrd, "
                    + "uki or raw-efi, which need no GRUB"
            )
        }
        guard commandLine.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            throw BuildError(.invalidInput, "the command line has control characters in it")
        }
        let words = commandLine.split(separator: " ").map { " '\($0)'" }.joined()
        var text = "linux \(kernel)\(words)\n"
        if !initrds.isEmpty { text += "initrd \(initrds.joined(separator: " "))\n" }
        return Array((text + "boot\n").utf8)
    }
}
