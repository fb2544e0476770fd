import Vocabulary

/// A CD that boots a kernel whose root the CD itself is: `iso-bios` and `iso-efi`.
///
/// The kernel needs its drivers for the CD built in, or microcode's place is taken by an archive that brings them: what
/// the image calls microcode is the initrd.
struct RootISOFormat: ImageFormat {
    let name: String
    let suffix: String
    let boots: BootableISO.Firmware

    static let bios = RootISOFormat(name: "iso-bios", suffix: ".iso", boots: .bios)
    static let efi = RootISOFormat(name: "iso-efi", suffix: "-efi.iso", boots: .efi)

    func fileNames(for name: String) -> [String] { [name + suffix] }

    func write(_ image: BuiltImage, in work: FormatWork) async throws {
        if boots == .bios { try RawDisk.requireBIOS(image) }
        let (tree, state) = try await work.unpackedRoot(of: image)
        let iso = BootableISO(image: image, tree: tree, boots: boots, state: state)
        let kernel = work.kernel(of: image)
        var initrds: [String] = []
        try iso.makeBoot(in: work)
        try await BlockingWork.run { try FileCopy.copy(kernel, to: "\(tree)/boot/kernel", $0) }
        if let microcode = image.root.microcode {
            let path = "\(tree)/boot/grub/ucode.cpio"
            try await BlockingWork.run { cancellation in
                try FileCopy.write(microcode, of: image, to: path, cancellation)
            }
            initrds.append("/boot/grub/ucode.cpio")
        }
        try await iso.make(
            at: work.output(work.name + suffix),
            commandLine: try commandLine(of: image, kernel: kernel),
            initrds: initrds,
            in: work
        )
    }

    /// The image's, and where the root is unless it says so: the first CD, or on arm64, where virtual machines have no
    /// drive for one, the first virtio disk (as LinuxKit has it).
    /// - Throws: `BuildError` when it is too long then.
    private func commandLine(of image: BuiltImage, kernel: String) throws -> String {
        let given = image.manifest.commandLine
        guard !given.split(separator: " ").contains(where: { $0.hasPrefix("root=") }) else { return given }
        let root = image.manifest.architecture == .arm64 ? "root=/dev/vda" : "root=/dev/sr0"
        let line = given.isEmpty ? root : "\(given) \(root)"
        _ = try KernelImage(header: KernelImage.header(of: kernel))?.commandLineProblem(line)
        return line
    }
}
