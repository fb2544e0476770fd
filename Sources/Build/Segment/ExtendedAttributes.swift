import Vocabulary

/// What becomes of extended attributes in an initrd, whose format has none.
///
/// File capabilities (`security.capability`) are listed in a file of the tree, `etc/muster/file-capabilities`, for an
/// init that gives them back before anything starts: one line a file, the attribute's value in hex, a blank, and the
/// path with everything but printable ASCII as `\xhh`. All others are dropped, which one warning counts.
struct ExtendedAttributes {
    static let listPath: BytePath = "etc/muster/file-capabilities"

    /// What `listPath` is to hold; nil when no file has capabilities.
    private(set) var list: [UInt8]?
    private(set) var warnings: [String] = []

    /// How many names a warning spells out.
    private static let named = 5

    init(of root: MachineRoot) {
        var capable: [BytePath] = []
        var lines: [UInt8] = []
        var dropped: [String: Int] = [:]
        for placed in root.entries where !placed.entry.attributes.isEmpty {
            // Another name of a file whose first name has been looked at.
            if case .hardLink = placed.entry.kind { continue }
            for attribute in placed.entry.attributes {
                guard attribute.name == "security.capability" else {
                    dropped[attribute.name, default: 0] += 1
                    continue
                }
                capable.append(placed.entry.path)
                lines += "\(hexadecimal(attribute.value)) \(placed.entry.path)\n".utf8
            }
        }
        if !capable.isEmpty {
            list = lines
            let names = capable.prefix(Self.named).map(\.description).joined(separator: ", ")
            let more = capable.count > Self.named ? " and \(capable.count - Self.named) more" : ""
            warnings.append(
                "an initrd carries no file capabilities: \(names)\(more) will have them only if the image's init applies "
                    + "/\(Self.listPath)"
            )
        }
        if !dropped.isEmpty {
            let counts = dropped.sorted { $0.key < $1.key }.map { "\($0.value) of \($0.key)" }.joined(separator: ", ")
            warnings.append("an initrd carries no extended attributes: \(counts) are left out")
        }
    }

    /// The list as an entry of its own part, beside the root's own.
    func add(to root: inout MachineRoot, modified: Int64) {
        guard let list else { return }
        let part = root.parts.count
        root.parts.append(MachineRoot.Part(name: "file-capabilities"))
        let file = TreeEntry(
            path: Self.listPath,
            kind: .file(FileContent(list)),
            permissions: 0o644,
            modified: modified
        )
        root.insert(file, part: part, modified: modified)
    }
}

extension MachineRoot {
    /// Puts a file that is in no image into the root, with the directories that are missing on the way to it.
    fileprivate mutating func insert(_ file: TreeEntry, part: Int, modified: Int64) {
        var paths = [file.path]
        while let slash = paths[0].bytes.lastIndex(of: UInt8(ascii: "/")) {
            paths.insert(BytePath(paths[0].bytes[..<slash]), at: 0)
        }
        for path in paths {
            let isFile = path == file.path
            if let index = entries.firstIndex(where: { $0.entry.path == path }) {
                if isFile { entries[index] = PlacedEntry(entry: file, part: part) }
                continue
            }
            let directory = TreeEntry(path: path, kind: .directory, permissions: 0o755, modified: modified)
            let placed = PlacedEntry(entry: isFile ? file : directory, part: part)
            let index = entries.firstIndex { $0.entry.path.comesAfter(path) } ?? entries.count
            entries.insert(placed, at: index)
        }
    }
}

extension BytePath {
    /// In the order of a tree, where a slash comes before every other byte.
    fileprivate func comesAfter(_ other: BytePath) -> Bool {
        guard let mine = components, let others = other.components else { return other < self }
        return others.lexicographicallyPrecedes(mine)
    }
}
