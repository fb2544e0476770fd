import Vocabulary

/// The root of one container, out of its image: the layers flattened, and what every container's root has.
enum ContainerRoot {
    /// Who reads `etc/resolv.conf` in it.
    enum Use {
        /// A container: an empty file, for something to be bound over.
        case container
        /// The machine itself, or a volume: a link to where the machine keeps it.
        case machine
    }

    /// What Docker leaves in every image that it exports.
    private static let dropped: [BytePath] = [
        ".dockerenv", "Dockerfile", "dev/console", "dev/pts", "dev/shm", "etc/hostname", "etc/resolv.conf",
    ]

    private static let directories: [BytePath] = ["dev", "dev/pts", "dev/shm", "etc", "proc", "sys"]

    private static let hosts = """
        127.0.0.1       localhost
        ::1     localhost ip6-localhost ip6-loopback
        fe00::0 ip6-localnet
        ff00::0 ip6-mcastprefix
        ff02::1 ip6-allnodes
        ff02::2 ip6-allrouters

        """

    private static let noResolver = "\n# no resolv.conf configured\n"

    /// The flattened tree, every entry of part 0.
    static func tree(of layers: [LayerTable], for use: Use, modified: Int64) throws(BuildError) -> FileTree {
        let tree = FileTree(modified: modified)
        for layer in layers { try tree.lay(layer, part: 0) }
        for path in dropped { try tree.remove(path) }
        for path in directories {
            let directory = TreeEntry(path: path, kind: .directory, permissions: 0o755, modified: modified)
            try tree.put(directory, part: 0, keepsDirectory: true)
        }
        func put(_ path: BytePath, _ kind: TreeEntry.Kind, _ permissions: UInt16) throws(BuildError) {
            try tree.put(TreeEntry(path: path, kind: kind, permissions: permissions, modified: modified), part: 0)
        }
        try put("etc/mtab", .symbolicLink(target: "/proc/mounts"), 0o777)
        if try tree.find("etc/hosts") == nil { try put("etc/hosts", .file(FileContent(hosts)), 0o644) }
        switch use {
        case .container: try put("etc/resolv.conf", .file(FileContent(noResolver)), 0o644)
        case .machine: try put("etc/resolv.conf", .symbolicLink(target: "/run/resolvconf/resolv.conf"), 0o777)
        }
        return tree
    }
}

extension FileContent {
    /// Content that is in memory.
    init(_ text: String) { self.init(Array(text.utf8)) }

    init(_ bytes: [UInt8]) {
        self.init(digest: Digest(of: bytes), size: UInt64(bytes.count), place: .bytes(bytes))
    }
}
