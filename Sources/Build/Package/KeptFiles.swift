import Vocabulary

/// A package that was unpacked: everything in it, the contents of some of its files in the spool.
struct UnpackedPackage: Sendable {
    var package: ResolvedPackage
    /// The fields of its control file.
    var control: [String: String]
    /// By path. Files whose contents nobody asked for are not among them.
    var entries: [BytePath: TreeEntry]
}

/// The files of an image that is being put together, by path, and the packages that they come from.
///
/// Paths are those of the packages: Debian's libraries lie below `lib` and `usr/lib`, and neither is a link here.
struct KeptFiles: Sendable {
    private(set) var entries: [BytePath: TreeEntry] = [:]
    /// The packages that something was kept of.
    private(set) var used: Set<ResolvedPackage> = []

    /// Links that lead to links: as many as Linux follows (path_resolution(7)).
    private static let longestChain = 40

    func holds(_ path: BytePath) -> Bool { entries[path] != nil }

    /// Keeps an entry of a package, in place of whatever had that path.
    mutating func keep(_ entry: TreeEntry, of package: UnpackedPackage) throws(BuildError) {
        if case .hardLink(let target) = entry.kind, entries[target] == nil {
            guard let file = package.entries[target] else {
                throw BuildError(
                    .invalidInput,
                    "cannot keep \(entry.path): it is another name of \(target), keep that too"
                )
            }
            try keep(file, of: package)
        }
        entries[entry.path] = entry
        used.insert(package.package)
    }

    /// Keeps a file that a program needs and, where the path is a link, everything on the way.
    ///
    /// - Returns: whether there is such a file, here or in one of the packages.
    mutating func keep(needed path: BytePath, among packages: [UnpackedPackage]) throws(BuildError) -> Bool {
        var path = path
        for _ in 0..<Self.longestChain {
            if entries[path] == nil {
                guard let package = packages.first(where: { $0.entries[path] != nil }),
                    let entry = package.entries[path]
                else { return false }
                try keep(entry, of: package)
            }
            guard case .symbolicLink(let target)? = entries[path]?.kind else { return true }
            guard let next = path.resolving(link: target) else { return false }
            path = next
        }
        return false
    }

    mutating func put(_ entry: TreeEntry) { entries[entry.path] = entry }

    mutating func remove(_ path: BytePath) { entries[path] = nil }

    /// Gives the directories above what is kept the modes and owners that the packages have for them of which something
    /// is kept, so that what else was looked into does not matter.
    ///
    /// - Parameter modified: their time, in seconds since 1970.
    mutating func addDirectories(of packages: [UnpackedPackage], modified: Int64) {
        let packages = packages.filter { used.contains($0.package) }.sorted { $0.package.name < $1.package.name }
        for path in Array(entries.keys) {
            var above = path.parent
            while let directory = above, entries[directory] == nil {
                let known = packages.lazy.compactMap { $0.entries[directory] }.first { $0.kind == .directory }
                var entry = known ?? TreeEntry(path: directory, kind: .directory, permissions: 0o755)
                entry.modified = modified
                entries[directory] = entry
                above = directory.parent
            }
        }
    }

    /// All of them, in the order of the bytes of their paths' parts.
    func sorted() throws(BuildError) -> [TreeEntry] {
        let tree = FileTree()
        func isLink(_ entry: TreeEntry) -> Bool { if case .hardLink = entry.kind { true } else { false } }
        for entry in entries.values.sorted(by: { $0.path < $1.path }) where !isLink(entry) {
            try tree.put(entry, part: 0)
        }
        for entry in entries.values.sorted(by: { $0.path < $1.path }) where isLink(entry) {
            try tree.put(entry, part: 0)
        }
        return tree.entries.map(\.entry)
    }
}

extension BytePath {
    /// The directory that it lies in; nil at the top.
    var parent: BytePath? {
        bytes.lastIndex(of: UInt8(ascii: "/")).map { BytePath(bytes[..<$0]) }
    }

    /// The path that a symbolic link under this one leads to, by its text alone; nil when that leaves the root.
    func resolving(link target: BytePath) -> BytePath? {
        let isAbsolute = target.bytes.first == UInt8(ascii: "/")
        var parts = isAbsolute ? [] : bytes.split(separator: UInt8(ascii: "/")).dropLast()
        for part in target.bytes.split(separator: UInt8(ascii: "/")) {
            if part.elementsEqual(".".utf8) { continue }
            if part.elementsEqual("..".utf8) {
                guard parts.popLast() != nil else { return nil }
                continue
            }
            parts.append(part)
        }
        return parts.isEmpty ? nil : BytePath(parts.joined(separator: [UInt8(ascii: "/")]))
    }
}
