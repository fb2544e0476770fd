import Vocabulary

/// Putting one tree into another: images into the root of a machine.
extension FileTree {
    /// Puts everything of `other` under `prefix`; what `other` has wins. Hard links stay.
    ///
    /// A directory that meets a link to a directory goes where the link leads, and a link that meets a directory takes
    /// its place, what lay in the directory going where the link leads: so `lib` may be a link in one image and a
    /// directory in the next, and the modules of the kernel are found in both.
    ///
    /// - Parameter keepsDirectories: directories that are there already keep their own mode, owner and time.
    func graft(
        _ other: FileTree,
        at prefix: BytePath = "",
        part: Int,
        keepsDirectories: Bool = false
    ) throws(BuildError) {
        if !prefix.bytes.isEmpty {
            var top = other.root.inode.entry
            top.path = prefix
            try put(top, part: part, keepsDirectory: keepsDirectories)
        }
        try graft(children: other.root, at: prefix, part: part, keepsDirectories: keepsDirectories)
    }

    private func graft(
        children directory: Node,
        at prefix: BytePath,
        part: Int,
        keepsDirectories: Bool
    ) throws(BuildError) {
        for (name, child) in directory.children.sorted(by: { $0.key < $1.key }) {
            let path = prefix.appending(name)
            if child.isDirectory {
                if try !leadsToDirectory(path) {
                    var entry = child.inode.entry
                    entry.path = path
                    if child.isImplied, try find(path)?.isDirectory == true {
                        // Nobody said anything about it: what is there stays.
                    } else {
                        try put(entry, part: part, keepsDirectory: keepsDirectories)
                        if child.isImplied { try find(path)?.isImplied = true }
                    }
                }
                try graft(children: child, at: path, part: part, keepsDirectories: keepsDirectories)
            } else {
                try place(child.inode, at: path, part: part)
            }
        }
    }

    private func place(_ inode: Inode, at path: BytePath, part: Int) throws(BuildError) {
        let parent = try directory(holding: path, part: part)
        let name = path.components!.last!
        let displaced = parent.children[name]
        if displaced?.isDirectory == true { forgetLast() }
        parent.children[name] = Node(inode, part: part)
        guard case .symbolicLink = inode.entry.kind, let displaced, displaced.isDirectory, !displaced.children.isEmpty
        else {
            return
        }
        try moveIn(displaced, at: path)
    }

    /// What lay in a directory that is a link now, behind what is there by itself.
    private func moveIn(_ directory: Node, at path: BytePath) throws(BuildError) {
        for (name, child) in directory.children.sorted(by: { $0.key < $1.key }) {
            let path = path.appending(name)
            let parent = try self.directory(holding: path, part: child.part)
            guard let existing = parent.children[name] else {
                parent.children[name] = child
                continue
            }
            if existing.isDirectory, child.isDirectory { try moveIn(child, at: path) }
        }
    }

    /// Whether a path is a link that leads to a directory of this tree.
    private func leadsToDirectory(_ path: BytePath) throws(BuildError) -> Bool {
        guard let node = try find(path), case .symbolicLink = node.inode.entry.kind else { return false }
        return try directory(path) != nil
    }
}

extension BytePath {
    func appending(_ name: BytePath) -> BytePath {
        bytes.isEmpty ? name : BytePath(bytes + [UInt8(ascii: "/")] + name.bytes)
    }
}
