import Foundation
import Vocabulary

/// A FAT file system that is made in a file, somewhere in it: what firmware and boot loaders read.
struct FATFileSystem: Sendable {
    /// A file in it.
    struct Entry: Sendable {
        /// With slashes and without one in front: `EFI/BOOT/BOOTX64.EFI`.
        var path: String
        /// The file of the host that it is copied from.
        var source: String
    }

    static let largestFile = UInt64(UInt32.max)
    private static let mebibyte: UInt64 = 1 << 20

    /// In bytes, a whole number of mebibytes.
    let size: UInt64
    private let entries: [Entry]
    private let identity: DerivedIdentity
    private let time: FormatTime
    /// 16 or 32.
    private let width: Int

    /// - Parameter isSmall: whether it may be a FAT16, which firmware reads from removable media only
    ///   (UEFI specification 2.10, 13.3.1.1).
    /// - Throws: `BuildError` for a file that FAT cannot hold.
    init(_ entries: [Entry], of image: BuiltImage, isSmall: Bool = false) throws {
        var content: UInt64 = 0
        for entry in entries {
            let size = try FileCopy.size(of: entry.source)
            guard size <= Self.largestFile else {
                throw BuildError(
                    .invalidInput,
                    "cannot put \(entry.path) into a FAT file system: it has \(size) bytes, and the largest file there "
                        + "has \(Self.largestFile); take a format with the root on a disk (kernel+squashfs, kernel+erofs)"
                )
            }
            content += size
        }
        self.entries = entries
        identity = DerivedIdentity(image: image.manifest.digest)
        time = FormatTime(seconds: image.modified)
        // Two tables of four bytes a cluster are 1.6 % at the smallest cluster. A FAT16 has 4085 to 65524 clusters and a
        // FAT32 more (Microsoft, FAT: General Overview, "FAT Type Determination").
        let needed = content + content / 40 + 2 * Self.mebibyte
        let whole = (needed + Self.mebibyte - 1) / Self.mebibyte * Self.mebibyte
        width = isSmall && whole <= 31 * Self.mebibyte ? 16 : 32
        size = max((width == 16 ? 3 : 34) * Self.mebibyte, whole)
    }

    /// Makes the file system in the file `path`, which has room for it from `offset` (in bytes) on.
    func make(in path: String, at offset: UInt64, with tools: FormatTools) async throws {
        let sectorsPerCluster = size > 260 * Self.mebibyte ? "8" : "1"
        try await tools.run(
            .makeFAT,
            [
                "-F", "\(width)", "-s", sectorsPerCluster, "-S", "512", "-n", "MUSTER", "--invariant",
                "-i", hexadecimal(bigEndian(identity.number("FAT"))), "--offset", "\(offset / 512)",
                "-h", "\(offset / 512)", path, "\(size / 1024)",
            ]
        )
        let image = "\(path)@@\(offset)"
        var made: Set<String> = []
        for entry in entries {
            var directory = ""
            for component in entry.path.split(separator: "/").dropLast() {
                directory += "/\(component)"
                guard made.insert(directory).inserted else { continue }
                try await run(.makeDirectoryOnFAT, ["-i", image, "::\(directory)"], with: tools)
            }
            try await run(.copyToFAT, ["-i", image, entry.source, "::/\(entry.path)"], with: tools)
        }
    }

    /// Runs one of the mtools at a time that stands still: not all versions take it from SOURCE_DATE_EPOCH.
    private func run(_ program: FormatTools.Program, _ arguments: [String], with tools: FormatTools) async throws {
        let path = try tools.path(of: program)
        let time = time.onFAT
        try await tools.run(.fakeTime, ["-f", time.words, path] + arguments, epoch: time.seconds)
    }

    private func bigEndian(_ number: UInt32) -> [UInt8] {
        stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> $0) }
    }
}
