import Build
import Foundation
import Testing
import Vocabulary

@testable import muster

/// A format, and one way in which it is meant to be booted.
struct FormatBoot: Sendable, CustomTestStringConvertible {
    enum Firmware: String, Sendable {
        case bios
        case uefi
        /// QEMU loads the kernel.
        case none
    }
    enum Medium: String, Sendable {
        case disk
        case cd
        /// The firmware reads the file from a file system, by the name by which it looks for loaders.
        case efiProgram
        /// `disk.raw` in a tar.gz.
        case googleArchive
    }

    var format: String
    var firmware: Firmware
    var medium: Medium
    var file: String
    /// As QEMU calls it.
    var encoding = "raw"
    var architecture: Architecture = .amd64
    /// The file system that the machine must be running from, as the kernel calls it; nil for the initrd.
    var root: String?

    var testDescription: String { "\(format) on \(architecture) \(firmware.rawValue), \(medium.rawValue)" }

    /// Tried for every change: each loader and each kind of medium once.
    static let short = [
        FormatBoot(format: "iso", firmware: .bios, medium: .cd, file: "image-hybrid.iso"),
        FormatBoot(format: "raw-bios", firmware: .bios, medium: .disk, file: "image-bios.img"),
        FormatBoot(format: "raw-efi", firmware: .uefi, medium: .disk, file: "image-efi.img"),
        FormatBoot(
            format: "kernel+squashfs",
            firmware: .none,
            medium: .disk,
            file: "image-squashfs.img",
            root: "squashfs"
        ),
    ]
    static let long = [
        FormatBoot(format: "kernel+erofs", firmware: .none, medium: .disk, file: "image-erofs.img", root: "erofs"),
        FormatBoot(format: "kernel+iso", firmware: .none, medium: .disk, file: "image.iso", root: "iso9660"),
        FormatBoot(format: "iso-bios", firmware: .bios, medium: .cd, file: "image.iso", root: "iso9660"),
        FormatBoot(format: "iso-efi", firmware: .uefi, medium: .cd, file: "image-efi.iso", root: "iso9660"),
        FormatBoot(format: "iso-efi-initrd", firmware: .uefi, medium: .cd, file: "image-efi-initrd.iso"),
        FormatBoot(format: "iso", firmware: .bios, medium: .disk, file: "image-hybrid.iso"),
        FormatBoot(format: "iso", firmware: .uefi, medium: .cd, file: "image-hybrid.iso"),
        FormatBoot(format: "iso", firmware: .uefi, medium: .disk, file: "image-hybrid.iso"),
        FormatBoot(format: "uki", firmware: .uefi, medium: .efiProgram, file: "image.efi"),
        FormatBoot(format: "qcow2-bios", firmware: .bios, medium: .disk, file: "image.qcow2", encoding: "qcow2"),
        FormatBoot(format: "qcow2-efi", firmware: .uefi, medium: .disk, file: "image-efi.qcow2", encoding: "qcow2"),
        FormatBoot(format: "vmdk", firmware: .bios, medium: .disk, file: "image.vmdk", encoding: "vmdk"),
        FormatBoot(format: "vhd", firmware: .bios, medium: .disk, file: "image.vhd", encoding: "vpc"),
        FormatBoot(format: "dynamic-vhd", firmware: .bios, medium: .disk, file: "image.vhd", encoding: "vpc"),
        FormatBoot(format: "aws", firmware: .bios, medium: .disk, file: "image.raw"),
        FormatBoot(format: "gcp", firmware: .bios, medium: .googleArchive, file: "image.img.tar.gz"),
        FormatBoot(
            format: "raw-efi",
            firmware: .uefi,
            medium: .disk,
            file: "image-efi.img",
            architecture: .arm64
        ),
        FormatBoot(
            format: "iso-efi-initrd",
            firmware: .uefi,
            medium: .cd,
            file: "image-efi-initrd.iso",
            architecture: .arm64
        ),
    ]
    static var all: [FormatBoot] {
        short + (ProcessInfo.processInfo.environment["MUSTER_LONG"] == "1" ? long : [])
    }
}

/// What was written is given to a machine that has nothing else, until it says that it is up.
@Suite("Formats boot")
struct FormatBootTests {
    @Test(arguments: FormatBoot.all)
    func boots(boot: FormatBoot) async throws {
        let scratch = FileManager.default.temporaryDirectory.path + "/muster-format-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        var made = try await FormatImage.make(boot.architecture, in: scratch)
        // The image's own command line, and words by which the machine's line is known as this image's. On a busy host an
        // emulated timer may be late enough for the kernel to take it for broken, and to panic, unless it is told not to look.
        made.image.manifest.commandLine +=
            " no_timer_check muster.lab=poweroff muster.machine=\(boot.format) muster.image=0123456789ab"
        _ = try await ImageFormats.write(
            made.image,
            as: ImageFormats.parse(boot.format),
            name: "image",
            directory: scratch,
            blobs: made.blobs,
            tools: made.tools
        )
        let console = try await FormatMachine(boot: boot, directory: scratch, drivers: made.drivers).console()
        let marker = "MUSTER-UP machine=\(boot.format) mac=none boot=none image=0123456789ab"
        #expect(console.contains(boot.root.map { "\(marker) root=\($0)" } ?? marker), "\(console.suffix(4000))")
        guard boot.root != nil else { return }
        for line in FormatImage.seen { #expect(console.contains(line), "\(console.suffix(2000))") }
    }
}
