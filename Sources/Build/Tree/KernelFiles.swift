import Vocabulary

/// What a definition takes out of a kernel's image.
struct KernelFiles: Hashable, Sendable {
    var kernel: FileContent?
    /// With the modules.
    var archive: FileContent?
    /// An uncompressed cpio archive.
    var microcode: FileContent?
    /// What the kernel was configured with, where the image says so.
    var configuration: FileContent?

    /// What of it is there; a definition may still ask for more than that.
    init(of entry: KernelEntry, in layers: [LayerTable]) throws(BuildError) {
        let image = FileTree()
        for layer in layers { try image.lay(layer, part: 0) }
        kernel = try image.content(BytePath(entry.kernel))
        configuration = image.kernelConfiguration
        // A missing one is no error, as in LinuxKit: images for machines without microcode leave it out.
        if let name = entry.microcode, !name.isEmpty { microcode = try image.content(BytePath(name)) }
        if entry.hasArchive { archive = try image.content(BytePath(entry.archive)) }
    }
}

extension KernelEntry {
    /// The name of the kernel in its image.
    var kernel: String { binary ?? "kernel" }
    /// The name of the archive with modules, or how it was said that there is none.
    var archive: String { tar ?? "kernel.tar" }
    var hasArchive: Bool { archive != "none" && !archive.isEmpty }
}

extension FileTree {
    /// `config-*` (Debian's name) or `kernel-config` at the top or in `boot`, the last by name; nil when there is none.
    fileprivate var kernelConfiguration: FileContent? {
        for directory in [root, root.children["boot"]].compactMap(\.self) {
            let files = directory.children.sorted { $0.key > $1.key }
            for (name, node) in files
            where name.bytes.starts(with: "config-".utf8) || name.bytes.starts(with: "kernel-config".utf8) {
                if case .file(let content) = node.inode.entry.kind { return content }
            }
        }
        return nil
    }
}
