import Foundation
import Vocabulary

@testable import Build

/// An image that no build made: a kernel that only looks like one, two parts of an initrd, a root with one of everything.
struct HandMadeImage {
    var image: BuiltImage
    let blobs: BlobStore

    /// - Parameter format: what it cannot hold is left out.
    init(
        in directory: TemporaryDirectory,
        architecture: Architecture = .amd64,
        commandLine: String = "console=ttyS0 quiet",
        for format: String = ""
    ) throws {
        let blobs = try BlobStore(dataDirectory: directory.path("data"))
        self.blobs = blobs
        // Long enough to be in several clusters.
        let body = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 8)) }
        let kernel = try blobs.store(KernelHeaders.bzImage() + body)
        // The first part's length is no multiple of 4.
        let parts = [("init", Array(body.prefix(1001))), ("services/web", Array(body.prefix(70_000)))]
        let initrd = try parts.map { name, bytes in
            let blob = try blobs.store(bytes)
            return ImageManifest.Part(digest: blob.digest, size: blob.size, part: name)
        }
        image = BuiltImage(
            manifest: ImageManifest(
                architecture: architecture,
                kernel: kernel,
                initrd: initrd,
                commandLine: commandLine
            ),
            root: MachineRoot(
                parts: [.boot, MachineRoot.Part(name: "init")],
                entries: Self.entries.filter { placed in
                    let isLong = placed.entry.path.bytes.starts(with: Self.longName.bytes)
                    return (placed.entry.attributes.isEmpty || !Self.withoutAttributes.contains(format))
                        && !(isLong && format == "kernel+erofs")
                },
                kernel: nil,
                commandLine: commandLine,
                microcode: nil
            ),
            contents: BytesReader()
        )
    }

    /// Formats that cannot hold extended attributes.
    static let withoutAttributes = ["kernel+erofs", "kernel+iso", "iso-bios", "iso-efi"]
    static let longName = BytePath(String(repeating: "n", count: 255))
    /// Not UTF-8.
    static let rawName = BytePath([0x66, 0xff, 0xfe])
    static let capability: [UInt8] = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]

    static var entries: [PlacedEntry] {
        func entry(
            _ path: BytePath,
            _ kind: TreeEntry.Kind,
            _ permissions: UInt16,
            owner: UInt32 = 0,
            modified: Int64 = TreeEntry.standardTime,
            attributes: [ExtendedAttribute] = [],
            part: Int = 1
        ) -> PlacedEntry {
            let entry = TreeEntry(
                path: path,
                kind: kind,
                permissions: permissions,
                owner: owner,
                group: owner,
                modified: modified,
                attributes: attributes
            )
            return PlacedEntry(entry: entry, part: part)
        }
        func text(_ text: String) -> TreeEntry.Kind { .file(FileContent(text)) }
        let capability = ExtendedAttribute(name: "security.capability", value: Self.capability)
        return [
            entry("boot", .directory, 0o755, part: 0),
            entry("boot/kernel", text("kernel"), 0o644, part: 0),
            entry("dev", .directory, 0o755),
            entry("dev/console", .characterDevice(major: 5, minor: 1), 0o600),
            entry("dev/disk", .blockDevice(major: 259, minor: 300), 0o660),
            entry("dev/pipe", .fifo, 0o600),
            entry("etc", .directory, 0o755),
            entry("etc/hosts", text("127.0.0.1 localhost\n"), 0o644, modified: 1_700_000_000),
            entry("etc/secret", text("s"), 0o600, owner: 4_000_000),
            entry("etc/shadow", text("x"), 0, owner: 42),
            entry("home", .directory, 0o700, owner: 1000),
            entry(longName, .directory, 0o755),
            entry(longName.appending("deep"), text("deep"), 0o644),
            entry(rawName, text("raw"), 0o644),
            entry("usr", .directory, 0o755),
            entry("usr/hard", text("two names"), 0o644),
            entry("usr/link", .symbolicLink(target: "../etc/hosts"), 0o777),
            entry("usr/long", .symbolicLink(target: BytePath(String(repeating: "long/", count: 60))), 0o777),
            entry("usr/other", .hardLink(to: "usr/hard"), 0o644),
            entry("usr/ping", text("#!"), 0o755, attributes: [capability]),
            entry("usr/sudo", text("#!"), 0o4755),
            entry("zeros", .file(FileContent(String(repeating: "\0", count: 10_000))), 0o644),
        ]
    }
}

/// Hands out contents that are in memory.
struct BytesReader: ContentReader {
    func read(_ content: FileContent, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard case .bytes(let bytes) = content.place else { throw BuildError(.notFound, "only bytes are here") }
        // In two pieces, as a reader of files would.
        let half = bytes.count / 2
        try bytes[..<half].withUnsafeBytes(body)
        try bytes[half...].withUnsafeBytes(body)
    }
}
