import Vocabulary

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The whole root in a tar archive, kernel and command line below `boot` if there are any: `NAME.tar`.
struct TarFormat: RootFormat {
    let name = "tar"

    func fileNames(for name: String) -> [String] { ["\(name).tar"] }

    func write(_ root: BuiltRoot, in work: FormatWork) async throws {
        try await work.writeRoot(root, includesBoot: true, to: work.output("\(work.name).tar"))
    }
}

/// The files of `kernel+initrd` in one archive, as LinuxKit names them: `NAME-initrd.tar` with `kernel`, `initrd.img`,
/// `cmdline` and, apart from the initrd, `ucode.cpio`.
struct TarKernelInitrdFormat: ImageFormat {
    let name = "tar-kernel-initrd"

    func fileNames(for name: String) -> [String] { ["\(name)-initrd.tar"] }

    func write(_ image: BuiltImage, in work: FormatWork) async throws {
        let path = work.output("\(work.name)-initrd.tar")
        var image = image
        var microcode: ImageManifest.Part?
        if image.manifest.initrd.first?.part == ImageManifest.microcodePart {
            microcode = image.manifest.initrd.removeFirst()
        }
        let initrd = try await work.initrd(of: image)
        let (manifest, modified) = (image.manifest, image.modified)
        var members = [("kernel", work.kernel(of: image))]
        if let initrd { members.append(("initrd.img", initrd)) }
        if let microcode { members.append(("ucode.cpio", work.blobs.path(of: microcode.digest))) }
        try await BlockingWork.run { [members] cancellation in
            let file = try POSIXFile(path, flags: O_WRONLY | O_CREAT | O_EXCL)
            let writer = TarWriter { try file.write($0) }
            for (name, source) in members {
                try writer.append(Self.entry(name, size: FileCopy.size(of: source), modified)) { emit in
                    try FileCopy.read(source, cancellation) { try emit($0) }
                }
            }
            let commandLine = Array(manifest.commandLine.utf8)
            try writer.append(Self.entry("cmdline", size: UInt64(commandLine.count), modified)) { emit in
                try commandLine.withUnsafeBytes(emit)
            }
            try writer.finish()
        }
    }

    /// A file of `size` bytes; nobody asks for its digest.
    private static func entry(_ name: String, size: UInt64, _ modified: Int64) -> TreeEntry {
        let content = FileContent(digest: Digest(of: []), size: size, place: .bytes([]))
        return TreeEntry(path: BytePath(name), kind: .file(content), permissions: 0o644, modified: modified)
    }
}
