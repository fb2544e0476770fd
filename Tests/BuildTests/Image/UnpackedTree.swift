import Foundation
import Subprocess
import Testing
import Vocabulary

@testable import Build

/// A tree as it is or should be on a disk: what `lstat` and `readlink` say of each path.
struct UnpackedTree: Equatable {
    struct Node: Equatable, CustomStringConvertible {
        var mode: UInt32
        var owner: UInt32
        var group: UInt32
        var modified: Int
        /// A file's digest, a link's target, a device's numbers.
        var content: String
        /// How many names the file has; 0 for what is no file.
        var links: Int

        var description: String {
            "\(String(mode, radix: 8)) \(owner):\(group) @\(modified) \(links) \(content)"
        }
    }

    var nodes: [BytePath: Node] = [:]

    /// What a machine has of `root` when its initrd is unpacked.
    init(of root: MachineRoot, contents: any ContentReader) throws {
        var names: [BytePath: [BytePath]] = [:]
        for placed in root.entries {
            let entry = placed.entry
            if root.parts[placed.part] == .boot, entry.kind != .directory { continue }
            var node = Node(
                mode: 0,
                owner: entry.owner,
                group: entry.group,
                modified: Int(entry.modified),
                content: "",
                links: 0
            )
            switch entry.kind {
            case .directory: node.mode = S_IFDIR
            case .file(let content):
                node.mode = S_IFREG
                var bytes: [UInt8] = []
                try contents.read(content) { bytes += $0 }
                #expect(Digest(of: bytes) == content.digest)
                node.content = content.digest.short
                names[entry.path] = [entry.path]
            case .symbolicLink(let target): (node.mode, node.content) = (S_IFLNK, "\(target)")
            case .hardLink(let target):
                names[target]!.append(entry.path)
                nodes[entry.path] = nodes[target]
                continue
            case .characterDevice(let major, let minor): (node.mode, node.content) = (S_IFCHR, "\(major):\(minor)")
            case .blockDevice(let major, let minor): (node.mode, node.content) = (S_IFBLK, "\(major):\(minor)")
            case .fifo: node.mode = S_IFIFO
            }
            // A link's permissions are nobody's to choose.
            node.mode |= UInt32(node.mode == S_IFLNK ? 0o777 : entry.permissions)
            nodes[entry.path] = node
        }
        for group in names.values { for name in group { nodes[name]!.links = group.count } }
    }

    /// What lies below a directory.
    init(below directory: String) throws {
        func visit(_ path: [UInt8]) throws {
            let full = Array(directory.utf8) + [0x2f] + path
            for name in try Self.names(in: full) {
                let child = path.isEmpty ? name : path + [0x2f] + name
                let bytes = (Array(directory.utf8) + [0x2f] + child + [0]).map(CChar.init(bitPattern:))
                var status = stat()
                try #require(lstat(bytes, &status) == 0)
                let kind = status.st_mode & S_IFMT
                var node = Node(
                    mode: status.st_mode,
                    owner: status.st_uid,
                    group: status.st_gid,
                    modified: status.st_mtim.tv_sec,
                    content: "",
                    links: kind == S_IFREG ? Int(status.st_nlink) : 0
                )
                switch kind {
                case S_IFREG:
                    let file = open(bytes, O_RDONLY)
                    defer { close(file) }
                    let data = FileHandle(fileDescriptor: file, closeOnDealloc: false).readDataToEndOfFile()
                    node.content = Digest(of: Array(data)).short
                case S_IFLNK:
                    var target = [UInt8](repeating: 0, count: 4096)
                    let count = target.withUnsafeMutableBytes {
                        readlink(bytes, $0.assumingMemoryBound(to: CChar.self).baseAddress!, 4096)
                    }
                    node.content = "\(BytePath(target.prefix(max(0, count))))"
                case S_IFCHR, S_IFBLK:
                    // makedev(3): glibc's macros for it are no functions that Swift sees.
                    let device = UInt64(status.st_rdev)
                    node.content = "\(device >> 8 & 0xfff):\(device & 0xff | device >> 12 & 0xfff00)"
                default: break
                }
                nodes[BytePath(child)] = node
                if kind == S_IFDIR { try visit(child) }
            }
        }
        try visit([])
    }

    private static func names(in directory: [UInt8]) throws -> [[UInt8]] {
        let stream = try #require(opendir((directory + [0]).map(CChar.init(bitPattern:))))
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: UInt8.self, capacity: 256) {
                    Array(UnsafeBufferPointer(start: $0, count: strlen(entry.pointee.d_name)))
                }
            }
            if name != [0x2e], name != [0x2e, 0x2e] { names.append(name) }
        }
        return names
    }

    /// Without the times of directories and links, which tools that unpack one archive after the other change again.
    var withFileTimesOnly: UnpackedTree {
        var tree = self
        for (path, node) in nodes where node.mode & S_IFMT != S_IFREG { tree.nodes[path]!.modified = 0 }
        return tree
    }

    /// Where two trees differ, a line a path.
    func differences(from other: UnpackedTree) -> [String] {
        Set(nodes.keys).union(other.nodes.keys).sorted().compactMap { path in
            let (mine, theirs) = (nodes[path], other.nodes[path])
            guard mine != theirs else { return nil }
            return "\(path): \(mine.map { "\($0)" } ?? "missing") | \(theirs.map { "\($0)" } ?? "missing")"
        }
    }
}

private func strlen(_ name: some Any) -> Int {
    withUnsafeBytes(of: name) { $0.firstIndex(of: 0) ?? $0.count }
}
