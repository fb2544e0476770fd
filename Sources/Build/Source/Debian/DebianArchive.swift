import Vocabulary

import struct Crypto.SHA256

/// A Debian package file (deb(5)): an ar archive of `debian-binary`, `control.tar*` and `data.tar*`.
struct DebianArchive {
    /// What errors call it.
    let path: String
    private let file: SharedFile
    private var members: [String: Range<UInt64>] = [:]

    /// In bytes: of the header before each member of an ar archive.
    ///
    ///     0      16      28    34    40     48     58   60
    ///     | name | mtime | uid | gid | mode | size | `\n |
    private static let header: UInt64 = 60
    /// Members of a `.deb`; it has three, and may have a few of somebody's own.
    private static let mostMembers = 16

    /// - Throws: `BuildError` for what is no Debian package.
    init(path: String) throws(BuildError) {
        self.path = path
        file = try SharedFile(reading: path)
        let size = try file.size
        var position: UInt64 = 8
        guard size >= position, try bytes(0..<position) == Array("!<arch>\n".utf8) else {
            throw refusal("it is no ar archive")
        }
        while position < size {
            guard size - position >= Self.header else { throw refusal("it ends in the header of a member") }
            let header = try bytes(position..<position + Self.header)
            let name = Self.text(header[0..<16]).prefix { $0 != "/" }
            guard header[58...].elementsEqual("`\n".utf8), let length = UInt64(Self.text(header[48..<58])) else {
                throw refusal("the header at byte \(position) is none of ar's")
            }
            position += Self.header
            guard size - position >= length else { throw refusal("its member '\(name)' ends before it should") }
            guard members.count < Self.mostMembers else { throw refusal("it has too many members") }
            members[String(name)] = position..<position + length
            // Members begin at even places.
            position = min(size, position + length + length % 2)
        }
        guard members["debian-binary"] != nil else { throw refusal("it has no debian-binary") }
    }

    /// The fields of its control file; of a field in several lines the first one.
    func control() throws -> [String: String] {
        let archive = try archive("control.tar")
        while let entry = try archive.next() {
            guard entry.metadata.path == "control", case .file(let size) = entry.kind else { continue }
            guard size <= 1 << 20 else { throw refusal("its control file has \(size) bytes") }
            var text = [UInt8](repeating: 0, count: Int(size))
            let count = try text.withUnsafeMutableBytes { try archive.read(into: $0) }
            guard let fields = PackageDatabases.stanzas(Array(text.prefix(count))).first, fields["Package"] != nil
            else {
                throw refusal("its control file names no package")
            }
            return fields
        }
        throw refusal("it has no control file")
    }

    /// Everything that the package installs, in the archive's order. Files that `isWanted` declines are left out; the
    /// contents of the others are written to `spool`.
    func entries(
        into spool: PackageSpool,
        where isWanted: (BytePath) -> Bool,
        _ cancellation: BlockingWork.Cancellation
    ) throws -> [TreeEntry] {
        let archive = try archive("data.tar")
        var entries: [TreeEntry] = []
        while let entry = try archive.next() {
            try cancellation.check()
            guard !entry.metadata.path.bytes.isEmpty else { continue }
            var metadata = entry.metadata
            if case .file(let size) = entry.kind {
                guard isWanted(metadata.path) else { continue }
                let writer = spool.writer(named: "\(metadata.path) of \(path)")
                try writer.fill(size: size) { try archive.read(into: $0) }
                metadata.kind = .file(writer.content)
            }
            entries.append(metadata)
            guard entries.count <= Self.mostEntries else {
                throw refusal("it installs more than \(Self.mostEntries) files")
            }
        }
        return entries
    }

    /// The largest packages of Debian have some ten thousand.
    private static let mostEntries = 500_000

    private func archive(_ prefix: String) throws(BuildError) -> LayerArchive {
        guard let name = members.keys.sorted().first(where: { $0 == prefix || $0.hasPrefix(prefix + ".") }),
            let range = members[name]
        else { throw refusal("it has no \(prefix)") }
        let input = ArchiveInput(file, offset: range.lowerBound, size: UInt64(range.count))
        return try LayerArchive(input, name: "\(name) of \(path)")
    }

    private func bytes(_ range: Range<UInt64>) throws(BuildError) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: range.count, alignment: 8)
        defer { buffer.deallocate() }
        try file.read(into: buffer, at: range.lowerBound)
        return Array(buffer)
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(String(decoding: bytes, as: UTF8.self).prefix { $0 != " " })
    }

    private func refusal(_ reason: String) -> BuildError {
        BuildError(.corrupt, "\(path) is no Debian package: \(reason); remove it and it is fetched again")
    }
}
