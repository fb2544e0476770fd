import Foundation
import Vocabulary

/// A raw disk in the encoding of a hypervisor or a cloud.
struct ConvertedDisk: ImageFormat {
    enum Firmware: Sendable {
        case bios
        case efi
    }
    enum Encoding: Sendable {
        case raw
        case qcow2
        case vmdk
        case fixedVHD
        case dynamicVHD
        /// Google's: `disk.raw` of whole gibibytes in a tar.gz.
        case googleArchive
    }

    let name: String
    let suffix: String
    let firmware: Firmware
    let encoding: Encoding

    static let all = [
        ConvertedDisk(name: "qcow2-bios", suffix: ".qcow2", firmware: .bios, encoding: .qcow2),
        ConvertedDisk(name: "qcow2-efi", suffix: "-efi.qcow2", firmware: .efi, encoding: .qcow2),
        ConvertedDisk(name: "vmdk", suffix: ".vmdk", firmware: .bios, encoding: .vmdk),
        ConvertedDisk(name: "vhd", suffix: ".vhd", firmware: .bios, encoding: .fixedVHD),
        ConvertedDisk(name: "dynamic-vhd", suffix: ".vhd", firmware: .bios, encoding: .dynamicVHD),
        ConvertedDisk(name: "aws", suffix: ".raw", firmware: .bios, encoding: .raw),
        ConvertedDisk(name: "gcp", suffix: ".img.tar.gz", firmware: .bios, encoding: .googleArchive),
    ]

    func fileNames(for name: String) -> [String] { [name + suffix] }

    func write(_ image: BuiltImage, in work: FormatWork) async throws {
        let target = work.output(work.name + suffix)
        let raw = encoding == .raw ? target : work.scratch("disk.raw")
        switch firmware {
        case .bios: try await RawDisk.makeBIOS(image, at: raw, in: work)
        case .efi: try await RawDisk.makeEFI(image, at: raw, in: work)
        }
        let identity = DerivedIdentity(image: image.manifest.digest)
        switch encoding {
        case .raw: break
        case .qcow2: try await convert(raw, to: target, ["-O", "qcow2"], in: work)
        case .vmdk:
            try await convert(raw, to: target, ["-O", "vmdk"], in: work)
            try VMDKDescriptor.setContentID(identity.number("VMDK"), in: target)
        case .fixedVHD:
            try await convert(raw, to: target, ["-O", "vpc", "-o", "subformat=fixed,force_size=on"], in: work)
            try VHDFooter.identify(target, as: image, isDynamic: false)
        case .dynamicVHD:
            try await convert(raw, to: target, ["-O", "vpc", "-o", "subformat=dynamic,force_size=on"], in: work)
            try VHDFooter.identify(target, as: image, isDynamic: true)
        case .googleArchive: try await archive(raw, to: target, image.modified, in: work)
        }
    }

    private func convert(_ raw: String, to path: String, _ options: [String], in work: FormatWork) async throws {
        try await work.tools.run(.convertDisk, ["convert", "-f", "raw"] + options + [raw, path])
    }

    /// What Compute Engine imports: a gzipped tar in the old GNU format, which knows holes, with one file of this name.
    /// Holes are found by reading: the file system's own list of them is not the same everywhere.
    private func archive(_ raw: String, to path: String, _ modified: Int64, in work: FormatWork) async throws {
        let gibibyte: UInt64 = 1 << 30
        let size = (try FileCopy.size(of: raw) + gibibyte - 1) / gibibyte * gibibyte
        guard truncate(raw, off_t(size)) == 0 else { throw BuildError.system("cannot write \(raw)") }
        let gzip = try work.tools.path(of: .gzip)
        try await work.tools.run(
            .tar,
            [
                "--create", "--file", path, "--use-compress-program", "\(gzip) -n", "--format", "oldgnu", "--sparse",
                "--hole-detection", "raw", "--mtime", "@\(modified)", "--owner", "root:0", "--group",
                "root:0", "--mode", "0644", "--directory", work.scratch, "disk.raw",
            ]
        )
    }
}

/// What a VMDK says of itself in words (VMware, Virtual Disk Format 1.1, "The Disk Descriptor File").
enum VMDKDescriptor {
    /// Puts another number into the line `CID=x`, which qemu-img draws by lot and writes without leading zeros.
    static func setContentID(_ number: UInt32, in path: String) throws {
        // The sparse header names the descriptor's sector; qemu-img's is the second.
        let sector: UInt64 = 512
        let length = 1024
        let text = try FileCopy.bytes(of: path, at: sector, count: length)
        guard let changed = replacing(text, with: number) else {
            throw BuildError(.invalidInput, "cannot write \(path): qemu-img made a VMDK without a CID")
        }
        try FileCopy.patch(path, at: sector, changed)
    }

    /// The descriptor, as long as it was, with another content id; nil when it has none, or no room behind its text.
    static func replacing(_ descriptor: [UInt8], with number: UInt32) -> [UInt8]? {
        let key = Array("\nCID=".utf8)
        guard let start = descriptor.indices.first(where: { descriptor[$0...].starts(with: key) }),
            let end = descriptor[(start + key.count)...].firstIndex(of: UInt8(ascii: "\n"))
        else { return nil }
        let digits = String(number, radix: 16)
        let value = String(repeating: "0", count: 8 - digits.utf8.count) + digits
        var changed = descriptor
        changed.replaceSubrange(start + key.count..<end, with: value.utf8)
        let surplus = changed.count - descriptor.count
        if surplus < 0 { return changed + Array(repeating: 0, count: -surplus) }
        guard changed.suffix(surplus).allSatisfy({ $0 == 0 }) else { return nil }
        return changed.dropLast(surplus)
    }
}

/// The last 512 bytes of a VHD; a dynamic one begins with them as well (Microsoft, Virtual Hard Disk Image Format
/// Specification 1.0, "Hard Disk Footer Format").
enum VHDFooter {
    static func identify(_ path: String, as image: BuiltImage, isDynamic: Bool) throws {
        let end = try FileCopy.size(of: path) - 512
        var footer = try FileCopy.bytes(of: path, at: end, count: 512)
        guard footer.starts(with: "conectix".utf8) else {
            throw BuildError(.invalidInput, "cannot write \(path): qemu-img made a VHD without a footer")
        }
        put(FormatTime(seconds: image.modified).since2000, at: 24, in: &footer)
        footer.replaceSubrange(68..<84, with: DerivedIdentity(image: image.manifest.digest).uuidOctets("VHD"))
        put(0, at: 64, in: &footer)
        put(~footer.reduce(0) { $0 + UInt32($1) }, at: 64, in: &footer)
        try FileCopy.patch(path, at: end, footer)
        if isDynamic { try FileCopy.patch(path, at: 0, footer) }
    }

    private static func put(_ number: UInt32, at offset: Int, in bytes: inout [UInt8]) {
        for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32(index))) }
    }
}
