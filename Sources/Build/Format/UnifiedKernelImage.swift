import Foundation
import Vocabulary

/// A kernel, its initrd and its command line in one EFI program, which firmware starts by itself and Secure Boot can
/// check as a whole: systemd-stub with the others as sections (UAPI Group, Unified Kernel Image).
struct UnifiedKernelImage {
    let image: BuiltImage
    let work: FormatWork

    /// What is particular to an architecture: names of files and of packages.
    private struct Platform {
        var stub: String
        var package: String
        var objcopy: FormatTools.Program
    }

    private func platform() throws(BuildError) -> Platform {
        let directory = "/usr/lib/systemd/boot/efi"
        switch image.manifest.architecture {
        case .amd64:
            return Platform(
                stub: "\(directory)/linuxx64.efi.stub",
                package: "systemd-boot-efi",
                objcopy: FormatTools.Program(name: "x86_64-linux-gnu-objcopy", package: "binutils-x86-64-linux-gnu")
            )
        case .arm64:
            return Platform(
                stub: "\(directory)/linuxaa64.efi.stub",
                package: "systemd-boot-efi:arm64",
                objcopy: FormatTools.Program(name: "aarch64-linux-gnu-objcopy", package: "binutils-aarch64-linux-gnu")
            )
        case let other:
            throw BuildError(.invalidInput, "there is no unified kernel image for \(other), only for amd64 and arm64")
        }
    }

    /// Makes it at `path`; signed when there is a key.
    func make(at path: String) async throws {
        let platform = try platform()
        let stub = try work.tools.file(platform.stub, package: platform.package)
        var sections: [(name: String, file: String)] = []
        func add(_ name: String, _ bytes: [UInt8]) throws {
            let file = work.scratch("section\(name)")
            try work.write(bytes, to: file)
            sections.append((name, file))
        }
        try add(".osrel", Array(release.utf8))
        if !image.manifest.commandLine.isEmpty { try add(".cmdline", Array(image.manifest.commandLine.utf8)) }
        sections.append((".linux", work.kernel(of: image)))
        if let initrd = try await work.initrd(of: image) { sections.append((".initrd", initrd)) }

        let header = try FileCopy.bytes(of: stub, at: 0, count: min(4096, Int(try FileCopy.size(of: stub))))
        guard var address = PortableExecutable.firstFreeAddress(header: header) else {
            throw BuildError(.invalidInput, "\(stub) is no EFI program")
        }
        var arguments: [String] = []
        for section in sections {
            arguments += [
                "--add-section", "\(section.name)=\(section.file)", "--set-section-flags",
                "\(section.name)=contents,alloc,load,readonly,data", "--change-section-vma",
                "\(section.name)=0x\(String(address, radix: 16))",
            ]
            address = PortableExecutable.aligned(address + (try FileCopy.size(of: section.file)))
        }
        // Sizes and addresses in the file have 32 bits, and signed ones here and there in firmware.
        guard address <= UInt64(Int32.max) else {
            throw BuildError(
                .invalidInput,
                "the kernel and the initrd together are larger than the 2 GiB that an EFI program can have; take a format "
                    + "with the root on a disk (kernel+squashfs, kernel+erofs)"
            )
        }
        let signing = work.signing
        let unsigned = signing == nil ? path : work.scratch("unsigned.efi")
        try await work.tools.run(platform.objcopy, arguments + [stub, unsigned])
        try PortableExecutable.removeTime(unsigned)
        guard let signing else { return }
        try await work.tools.run(
            .sign,
            ["--key", signing.key, "--cert", signing.certificate, "--output", path, unsigned]
        )
    }

    /// os-release(5), for boot menus: which image this is.
    private var release: String {
        let short = image.manifest.digest.short
        return "ID=muster\nNAME=Muster\nPRETTY_NAME=\"Muster image \(short)\"\nVERSION_ID=\(short)\n"
    }
}

/// What has to be known of a PE file to add sections to it (Microsoft, PE Format).
enum PortableExecutable {
    /// As EFI programs have it: a page.
    private static let alignment: UInt64 = 4096

    static func aligned(_ address: UInt64) -> UInt64 { (address + alignment - 1) / alignment * alignment }

    /// Sets the time of linking to 0, and the checksum, which covers it and which EFI ignores, to 0, "not computed".
    static func removeTime(_ path: String) throws {
        let pointer = try FileCopy.bytes(of: path, at: 0x3c, count: 4)
        let start = pointer.reversed().reduce(0) { $0 << 8 | UInt64($1) }
        try FileCopy.patch(path, at: start + 8, [0, 0, 0, 0])
        try FileCopy.patch(path, at: start + 24 + 64, [0, 0, 0, 0])
    }

    /// The first address behind all sections, relative to the image's base (which is 0 in EFI stubs).
    /// - Parameter header: the file's first bytes, up to the end of the section table.
    static func firstFreeAddress(header: [UInt8]) -> UInt64? {
        func number(_ offset: Int, _ count: Int) -> UInt64? {
            guard offset >= 0, offset + count <= header.count else { return nil }
            return header[offset..<(offset + count)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        guard number(0, 2) == 0x5a4d, let start = number(0x3c, 4).map(Int.init),
            number(start, 4) == 0x4550, let count = number(start + 6, 2), let optional = number(start + 20, 2),
            count > 0
        else { return nil }
        let table = start + 24 + Int(optional)
        var end: UInt64 = 0
        for index in 0..<Int(count) {
            let section = table + 40 * index
            guard let size = number(section + 8, 4), let address = number(section + 12, 4) else { return nil }
            end = max(end, address + size)
        }
        return aligned(end)
    }
}

/// `uki`: the EFI program by itself, for firmware, boot menus and HTTP boot.
struct UnifiedKernelFormat: ImageFormat {
    let name = "uki"
    func fileNames(for name: String) -> [String] { ["\(name).efi"] }
    func write(_ image: BuiltImage, in work: FormatWork) async throws {
        try await UnifiedKernelImage(image: image, work: work).make(at: work.output("\(work.name).efi"))
    }
}
