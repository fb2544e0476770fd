import Foundation
import Vocabulary

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// An ISO 9660 file system with Rock Ridge that GRUB boots from: as a CD by El Torito, as a disk by its MBR and GPT.
struct BootableISO {
    /// What firmware can start it.
    enum Firmware: Sendable {
        case none
        case bios
        case efi
        /// BIOS and, where there is a GRUB for the architecture, UEFI.
        case both

        fileprivate var hasBIOS: Bool { self == .bios || self == .both }
        fileprivate var hasEFI: Bool { self == .efi || self == .both }
    }

    let image: BuiltImage
    /// The directory that becomes the file system; GRUB and its configuration are added below `boot`.
    let tree: String
    let boots: Firmware
    /// Under which fakeroot keeps owners and devices of the tree; nil when all files are to be root's.
    var state: String?

    private var identity: DerivedIdentity { DerivedIdentity(image: image.manifest.digest) }
    /// A file by which GRUB knows its own medium among others.
    private var mark: String { "boot/muster-\(image.manifest.digest.short)" }

    /// Makes the ISO at `path`. The kernel is expected at `boot/kernel`, and `makeBoot` was called.
    func make(at path: String, commandLine: String, initrds: [String], in work: FormatWork) async throws {
        if boots.hasBIOS { try RawDisk.requireBIOS(image) }
        var arguments = base(path: path)
        if boots != .none {
            _ = try POSIXFile("\(tree)/\(mark)", flags: O_WRONLY | O_CREAT | O_EXCL)
            let text = try GRUB.configuration(kernel: "/boot/kernel", commandLine: commandLine, initrds: initrds)
            try work.write(text, to: "\(tree)/boot/grub/grub.cfg")
        }
        if boots.hasBIOS { arguments += try await addBIOS(in: work) }
        if boots.hasEFI { arguments += try await addEFI(in: work) }
        arguments.append(tree)
        try setTimes()
        guard let state else {
            try await work.tools.run(.xorriso, arguments)
            return
        }
        let program = try work.tools.path(of: .xorriso)
        try await work.tools.run(.fakeroot, ["-i", state, "-s", state, "--", program] + arguments)
    }

    /// Makes `boot/grub`. Nothing of the image's may be there: a link of its own would lead out of the tree.
    func makeBoot(in work: FormatWork) throws {
        var status = stat()
        let isOther = lstat("\(tree)/boot", &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
        guard !isOther, lstat("\(tree)/boot/grub", &status) != 0 else {
            throw BuildError(
                .invalidInput,
                "the image has its own /boot\(isOther ? ", which is no directory" : "/grub"), and GRUB's files of this "
                    + "format lie there"
            )
        }
        try work.makeDirectory("\(tree)/boot/grub")
    }

    /// What was put beside the root's own files is as old as everything that a build makes, and readable whatever the
    /// umask is.
    private func setTimes() throws {
        guard boots != .none else { return }
        let time = timespec(tv_sec: Int(image.modified), tv_nsec: 0)
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(tree)/boot/grub").map { "boot/grub/\($0)" }
        // Directories last: a change of what lies in them is a change of theirs.
        for path in files + ["boot/kernel", mark, "boot/grub", "boot", ""] {
            let file = "\(tree)/\(path)"
            let mode: mode_t = path.isEmpty || path == "boot" || path == "boot/grub" ? 0o755 : 0o644
            guard chmod(file, mode) == 0, utimensat(AT_FDCWD, file, [time, time], AT_SYMLINK_NOFOLLOW) == 0 else {
                throw BuildError.system("cannot change \(file)")
            }
        }
    }

    /// xorriso, as mkisofs, without the times that it would take from the clock and the files.
    private func base(path: String) -> [String] {
        let date = FormatTime(seconds: image.modified).digits
        var arguments = [
            "-no_rc", "-disk_dev_ino", "off", "-md5", "off", "-as", "mkisofs", "-quiet", "-o", path, "-iso-level", "3",
            "-V", "MUSTER",
            "--modification-date=\(date)", "--gpt_disk_guid",
            hexadecimal(identity.uuidOctets("ISO GPT")),
        ]
        // -r makes everything root's and readable; -R keeps owners and modes as they are.
        arguments +=
            state == nil ? ["-r", "--set_all_file_dates", date] : ["-R", "--set_all_file_dates", "set_to_mtime"]
        return arguments
    }

    private var first: String {
        "search --no-floppy --set=root --file /\(mark)\nset prefix=($root)/boot/grub\n"
    }

    private func addBIOS(in work: FormatWork) async throws -> [String] {
        try await GRUB.make(
            .biosCD,
            at: "\(tree)/boot/grub/eltorito.img",
            prefix: "/boot/grub",
            first: first,
            in: work
        )
        return [
            "-b", "boot/grub/eltorito.img", "--boot-catalog-hide", "-no-emul-boot", "-boot-load-size", "4",
            "-boot-info-table", "--grub2-boot-info", "--grub2-mbr",
            try GRUB.Platform.biosCD.file("boot_hybrid.img", with: work.tools),
        ]
    }

    private func addEFI(in work: FormatWork) async throws -> [String] {
        let architecture = image.manifest.architecture
        let name = try GRUB.Platform.removableName(architecture)
        let program = work.scratch("grub.efi")
        try await GRUB.make(.efi(architecture), at: program, prefix: "/boot/grub", first: first, in: work)
        let files = try FATFileSystem(
            [FATFileSystem.Entry(path: name, source: program)],
            of: image,
            isSmall: true
        )
        let partition = work.scratch("efi.img")
        try FileCopy.makeSparse(partition, size: files.size)
        try await files.make(in: partition, at: 0, with: work.tools)
        return (boots.hasBIOS ? ["-eltorito-alt-boot"] : ["--boot-catalog-hide"]) + [
            "-append_partition", "2", "0xef", partition, "-appended_part_as_gpt",
            "-e", "--interval:appended_partition_2:all::", "-no-emul-boot",
        ]
    }
}
