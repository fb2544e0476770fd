import Vocabulary

/// A root file system that is being put together: directories with names, and what the names stand for.
///
/// Paths are resolved through the tree's own symbolic links, as a running system would: what a package puts in
/// `lib/modules` lands in `usr/lib/modules` where `lib` is a link to `usr/lib`. No link leads out of the tree: `..` stops
/// at its root. Not Sendable: a tree belongs to the task that makes it, `entries` is what leaves it.
final class FileTree {
    /// What a name stands for; several names may stand for the same.
    final class Inode {
        /// Of the path that it was first put under; a directory's path is never looked at.
        var entry: TreeEntry
        init(_ entry: TreeEntry) { self.entry = entry }
    }

    final class Node {
        var inode: Inode
        /// Of a directory, by name.
        var children: [BytePath: Node] = [:]
        /// Which part of the image it came with, by number.
        var part: Int
        /// The name stands there only because something lies under it.
        var isImplied: Bool

        init(_ inode: Inode, part: Int, isImplied: Bool = false) {
            self.inode = inode
            self.part = part
            self.isImplied = isImplied
        }

        var isDirectory: Bool { inode.entry.kind == .directory }
    }

    /// Links that lead to links: as many as Linux follows (path_resolution(7)).
    private static let longestChain = 40
    /// Directories in one another. Links let a tree grow deeper than any path may be long.
    private static let deepest = 1024

    let root: Node
    private let modified: Int64
    /// Where the last entry went, if no link led there: most go where the one before them went. Forgotten when a directory
    /// is taken away or replaced.
    private var last: (path: ArraySlice<UInt8>, directory: Node)?

    /// - Parameter modified: the time of directories that nobody put there and something lies in.
    init(part: Int = 0, modified: Int64 = TreeEntry.standardTime) {
        self.modified = modified
        root = Node(
            Inode(TreeEntry(path: "", kind: .directory, permissions: 0o755, modified: modified)),
            part: part,
            isImplied: true
        )
    }

    // MARK: Finding

    /// The node under a path whose last part is not followed; nil when there is none.
    func find(_ path: BytePath) throws(BuildError) -> Node? {
        let components = try Self.components(of: path)
        guard let last = components.last else { return root }
        guard let directory = try existingDirectory(components.dropLast(), of: path) else { return nil }
        return directory.children[last]
    }

    /// The directory that a path leads to, its last part followed too; nil when there is none.
    func directory(_ path: BytePath) throws(BuildError) -> Node? {
        try walk(Self.components(of: path)[...], of: path, make: nil)
    }

    /// The directory that a path's last part goes into; what is missing of it is made for `part`.
    func directory(holding path: BytePath, part: Int) throws(BuildError) -> Node {
        guard let slash = path.bytes.lastIndex(of: UInt8(ascii: "/")), Self.isName(path.bytes[(slash + 1)...]) else {
            return try walk(Self.components(of: path).dropLast(), of: path, make: part)!
        }
        let holder = path.bytes[..<slash]
        if let last, last.path == holder { return last.directory }
        var isDirect = true
        let directory = try walk(Self.components(of: path).dropLast(), of: path, make: part, isDirect: &isDirect)!
        if isDirect { last = (holder, directory) }
        return directory
    }

    /// Whether the last part of a path is one that `BytePath.components` has as it stands.
    private static func isName(_ part: ArraySlice<UInt8>) -> Bool {
        !part.isEmpty && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8) && !part.contains(0)
    }

    /// For whoever takes a directory away or puts something else in its place.
    func forgetLast() { last = nil }

    private func existingDirectory(_ components: ArraySlice<BytePath>, of path: BytePath) throws(BuildError) -> Node? {
        try walk(components, of: path, make: nil)
    }

    private func walk(
        _ components: ArraySlice<BytePath>,
        of path: BytePath,
        make part: Int?
    ) throws(BuildError) -> Node? {
        var isDirect = true
        return try walk(components, of: path, make: part, isDirect: &isDirect)
    }

    /// Goes down `components`, through links, and makes what is missing when `make` says for which part.
    /// - Parameter isDirect: false afterwards if a link was on the way.
    /// - Returns: nil when something is missing or no directory, and nothing shall be made.
    private func walk(
        _ components: ArraySlice<BytePath>,
        of path: BytePath,
        make part: Int?,
        isDirect: inout Bool
    ) throws(BuildError) -> Node? {
        var stack = [root]
        var rest = Array(components.reversed())
        var links = 0
        while let name = rest.popLast() {
            if name == ".." {
                if stack.count > 1 { stack.removeLast() }
                continue
            }
            guard stack.count <= Self.deepest else {
                throw BuildError(
                    .invalidInput,
                    "cannot place \(path): it lies in more than \(Self.deepest) directories"
                )
            }
            let directory = stack[stack.count - 1]
            guard let child = directory.children[name] else {
                guard let part else { return nil }
                let made = Node(
                    Inode(TreeEntry(path: "", kind: .directory, permissions: 0o755, modified: modified)),
                    part: part,
                    isImplied: true
                )
                directory.children[name] = made
                stack.append(made)
                continue
            }
            switch child.inode.entry.kind {
            case .directory:
                stack.append(child)
            case .symbolicLink(let target):
                links += 1
                isDirect = false
                guard links <= Self.longestChain else {
                    throw BuildError(.invalidInput, "cannot place \(path): too many symbolic links lead to it")
                }
                if target.bytes.first == UInt8(ascii: "/") { stack = [root] }
                for part in target.bytes.split(separator: UInt8(ascii: "/")).reversed()
                where !part.elementsEqual(".".utf8) {
                    rest.append(BytePath(part))
                }
            default:
                guard let part else { return nil }
                // A directory where a file was: the later one wins, as with every other name.
                let made = Node(
                    Inode(TreeEntry(path: "", kind: .directory, permissions: 0o755, modified: modified)),
                    part: part,
                    isImplied: true
                )
                directory.children[name] = made
                stack.append(made)
            }
        }
        return stack[stack.count - 1]
    }

    private static func components(of path: BytePath) throws(BuildError) -> [BytePath] {
        guard let components = path.components else {
            throw BuildError(.invalidInput, "cannot place \(path): a path must stay in the root, without '..' and NUL")
        }
        return components
    }

    // MARK: Changing

    /// Puts an entry under its path, over whatever was there. A directory over a directory keeps what lies in it.
    ///
    /// - Parameter keepsDirectory: a directory that is there already keeps its own mode, owner and time.
    /// - Throws: `BuildError` for a path that leaves the root, and for a hard link to what is not there.
    func put(_ entry: TreeEntry, part: Int, keepsDirectory: Bool = false) throws(BuildError) {
        let components = try Self.components(of: entry.path)
        guard let name = components.last else {
            guard entry.kind == .directory, !keepsDirectory else { return }
            root.inode = Inode(entry)
            root.isImplied = false
            return
        }
        if case .hardLink(let target) = entry.kind {
            guard let node = try find(target) else {
                throw BuildError(.invalidInput, "cannot make the hard link \(entry.path): there is no \(target)")
            }
            guard !node.isDirectory else {
                throw BuildError(.invalidInput, "cannot make the hard link \(entry.path): \(target) is a directory")
            }
            let parent = try directory(holding: entry.path, part: part)
            if parent.children[name]?.isDirectory == true { forgetLast() }
            parent.children[name] = Node(node.inode, part: part)
            return
        }
        let parent = try directory(holding: entry.path, part: part)
        let existing = parent.children[name]
        guard let existing, existing.isDirectory, entry.kind == .directory else {
            if existing?.isDirectory == true { forgetLast() }
            parent.children[name] = Node(Inode(entry), part: part)
            return
        }
        if keepsDirectory, !existing.isImplied { return }
        existing.inode = Inode(entry)
        if existing.isImplied { existing.part = part }
        existing.isImplied = false
    }

    /// Removes a name and everything under it; nothing when it is not there.
    func remove(_ path: BytePath) throws(BuildError) {
        let components = try Self.components(of: path)
        guard let name = components.last else { return }
        forgetLast()
        try existingDirectory(components.dropLast(), of: path)?.children[name] = nil
    }

    // MARK: The result

    /// Every name in the order of the bytes of their parts, parents before what lies in them, and the part that each
    /// belongs to. Of an inode's names the first has the content, and the others are hard links to it. The root itself
    /// is left out.
    var entries: [PlacedEntry] {
        var entries: [PlacedEntry] = []
        var seen: [ObjectIdentifier: BytePath] = [:]
        func visit(_ node: Node, _ path: [UInt8]) {
            for (name, child) in node.children.sorted(by: { $0.key < $1.key }) {
                let bytes = path.isEmpty ? name.bytes : path + [UInt8(ascii: "/")] + name.bytes
                var entry = child.inode.entry
                entry.path = BytePath(bytes)
                if !child.isDirectory {
                    let identifier = ObjectIdentifier(child.inode)
                    if let first = seen[identifier] {
                        entry.kind = .hardLink(to: first)
                    } else {
                        seen[identifier] = entry.path
                    }
                }
                entries.append(PlacedEntry(entry: entry, part: child.part))
                visit(child, bytes)
            }
        }
        visit(root, [])
        return entries
    }
}

/// An entry of a root, and the part of the image that it belongs to.
public struct PlacedEntry: Hashable, Sendable {
    public var entry: TreeEntry
    /// An index into the parts of the root.
    public var part: Int

    public init(entry: TreeEntry, part: Int) {
        self.entry = entry
        self.part = part
    }
}
