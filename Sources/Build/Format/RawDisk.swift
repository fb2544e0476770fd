import Vocabulary

/// Disks that boot a kernel and an initrd, and what they are made of.
enum RawDisk {
    /// GRUB in an MBR, kernel and initrd on a FAT partition.
    static func makeBIOS(_ image: BuiltImage, at path: String, in work: FormatWork) async throws {
        try requireBIOS(image)
        let configuration = work.scratch("grub.cfg")
        let initrd = try await work.initrd(of: image)
        let text = try GRUB.configuration(
            kernel: "/boot/kernel",
            commandLine: image.manifest.commandLine,
            initrds: initrd == nil ? [] : ["/boot/initrd.img"]
        )
        try work.write(text, to: configuration)
        var entries = [
            FATFileSystem.Entry(path: "boot/grub/grub.cfg", source: configuration),
            FATFileSystem.Entry(path: "boot/kernel", source: work.kernel(of: image)),
        ]
        if let initrd { entries.append(FATFileSystem.Entry(path: "boot/initrd.img", source: initrd)) }
        let identity = DerivedIdentity(image: image.manifest.digest)
        let disk = PartitionedDisk(partition: try FATFileSystem(entries, of: image), identity: identity)
        try await disk.makeMBR(at: path, in: work)
    }

    /// A unified kernel image on an EFI system partition, where firmware looks by itself.
    static func makeEFI(_ image: BuiltImage, at path: String, in work: FormatWork) async throws {
        let name = try GRUB.Platform.removableName(image.manifest.architecture)
        let program = work.scratch("uki.efi")
        try await UnifiedKernelImage(image: image, work: work).make(at: program)
        let identity = DerivedIdentity(image: image.manifest.digest)
        let files = try FATFileSystem([FATFileSystem.Entry(path: name, source: program)], of: image)
        try await PartitionedDisk(partition: files, identity: identity).makeGPT(at: path, in: work)
    }

    static func requireBIOS(_ image: BuiltImage) throws(BuildError) {
        let architecture = image.manifest.architecture
        guard architecture == .amd64 || architecture == .i386 else {
            throw BuildError(.invalidInput, "there is no BIOS on \(architecture): take a format for EFI")
        }
    }
}

/// `raw-bios`.
struct RawBIOSFormat: ImageFormat {
    let name = "raw-bios"
    func fileNames(for name: String) -> [String] { ["\(name)-bios.img"] }
    func write(_ image: BuiltImage, in work: FormatWork) async throws {
        try await RawDisk.makeBIOS(image, at: work.output("\(work.name)-bios.img"), in: work)
    }
}

/// `raw-efi`.
struct RawEFIFormat: ImageFormat {
    let name = "raw-efi"
    func fileNames(for name: String) -> [String] { ["\(name)-efi.img"] }
    func write(_ image: BuiltImage, in work: FormatWork) async throws {
        try await RawDisk.makeEFI(image, at: work.output("\(work.name)-efi.img"), in: work)
    }
}
