import Vocabulary

import struct Crypto.SHA256

/// Unpacks one archive: the bytes of its files into a spool, one after the other, everything else into its table.
struct LayerUnpacker {
    let id: LayerID
    /// What errors call the archive.
    let name: String
    let limits: LayerStore.Limits
    /// Where the spool goes.
    let directory: DataDirectory

    /// A layer's table, and the file that its contents lie in.
    struct Unpacked: Sendable {
        var table: LayerTable
        var spool: SharedFile
    }

    /// - Parameters:
    ///   - known: the archive's table, when it was unpacked before: its files' digests are not computed again.
    ///   - isAbandoned: asked often; nobody waits any more.
    /// - Throws: `BuildError`, `CancellationError` when it was abandoned.
    func unpack(_ input: ArchiveInput, known: LayerTable? = nil, isAbandoned: () -> Bool) throws -> Unpacked {
        do {
            let unpacked = try read(input, known: known?.entries ?? [], isAbandoned: isAbandoned)
            try input.verify()
            return unpacked
        } catch let error as BuildError where error.code == .corrupt {
            // Damage on this disk explains what an archive seems to have wrong, and is to be mended here.
            try input.verify()
            throw error
        }
    }

    private func read(_ input: ArchiveInput, known: [TreeEntry], isAbandoned: () -> Bool) throws -> Unpacked {
        let archive = try LayerArchive(input, name: name)
        let spool = try SpoolWriter(directory: directory, attempt: "cannot unpack \(name) in \(directory.path)")
        var count = Count(limits: limits, name: name)
        var entries: [TreeEntry] = []
        while let entry = try archive.next() {
            if isAbandoned() { throw CancellationError() }
            try count.add(entry.metadata)
            let offset = spool.position
            var hash = SHA256()
            let before = content(of: entry, at: offset, in: known, number: entries.count)
            while true {
                let space = try spool.space()
                let filled = try archive.read(into: space)
                try count.add(bytes: filled)
                // Only files have content; what else claims some is read over, under the same bounds.
                if case .file = entry.kind {
                    if before == nil { hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: space[..<filled])) }
                    spool.advance(by: filled)
                }
                if filled < space.count { break }
                if isAbandoned() { throw CancellationError() }
            }
            var metadata = entry.metadata
            if case .file(let size) = entry.kind {
                guard spool.position - offset == size else {
                    throw BuildError(.corrupt, "cannot unpack \(name): \(metadata.path) ends before it should")
                }
                metadata.kind = .file(
                    before
                        ?? FileContent(
                            digest: Digest(octets: Array(hash.finalize()))!,
                            size: size,
                            place: .layer(id, offset: offset)
                        )
                )
            }
            entries.append(metadata)
        }
        return Unpacked(table: LayerTable(id: id, entries: entries), spool: try spool.finish())
    }

    /// What a file was found to hold before. An archive is named by its digest, which is verified: its files are the same.
    private func content(
        of entry: LayerArchive.Entry,
        at offset: UInt64,
        in known: [TreeEntry],
        number: Int
    ) -> FileContent? {
        guard number < known.count, known[number].path == entry.metadata.path, case .file(let size) = entry.kind,
            case .file(let content) = known[number].kind, content.size == size,
            content.place == .layer(id, offset: offset)
        else { return nil }
        return content
    }
}

/// What a layer has so far, against what it may have.
private struct Count {
    let limits: LayerStore.Limits
    let name: String
    var entries = 0
    var bytes: UInt64 = 0
    /// Of names, links' targets and attributes, which are kept in memory.
    var metadata = 0

    mutating func add(_ entry: TreeEntry) throws(BuildError) {
        entries += 1
        guard entries <= limits.entries else {
            throw refusal("it has more than \(limits.entries) entries, the limit for a layer")
        }
        let attributes = entry.attributes.reduce(0) { $0 + $1.name.utf8.count + $1.value.count }
        guard attributes <= LayerStore.Limits.attributes else {
            throw refusal("\(entry.path) has \(attributes) bytes of extended attributes, more than Linux keeps")
        }
        metadata += entry.path.bytes.count + attributes
        switch entry.kind {
        case .symbolicLink(let target), .hardLink(let target):
            guard target.bytes.count <= LayerStore.Limits.path else {
                throw refusal("the target of the link \(entry.path) is longer than Linux' longest path")
            }
            metadata += target.bytes.count
        default: break
        }
        guard entry.path.bytes.count <= LayerStore.Limits.path,
            entry.path.bytes.split(separator: UInt8(ascii: "/")).allSatisfy({ $0.count <= LayerStore.Limits.name })
        else { throw refusal("the path \(entry.path) or a name in it is longer than Linux has any") }
        guard metadata <= limits.entries * LayerStore.Limits.metadataPerEntry else {
            throw refusal("its names and attributes have more bytes than a layer's table may have")
        }
    }

    mutating func add(bytes more: Int) throws(BuildError) {
        bytes += UInt64(more)
        guard bytes <= limits.bytes else {
            throw refusal("it expands to more than \(limits.bytes) bytes, the limit for a layer")
        }
    }

    private func refusal(_ reason: String) -> BuildError {
        BuildError(.invalidInput, "cannot unpack \(name): \(reason)")
    }
}

/// Writes a spool from its beginning to its end, a mebibyte at a time.
private final class SpoolWriter {
    private let file: SharedFile
    private let attempt: String
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    private var used = 0
    private var written: UInt64 = 0

    /// - Parameter attempt: how errors begin.
    init(directory: DataDirectory, attempt: String) throws(BuildError) {
        self.attempt = attempt
        file = try SharedFile(unnamedIn: directory)
    }

    deinit { buffer.deallocate() }

    var position: UInt64 { written + UInt64(used) }

    /// Where the next bytes go; never empty.
    func space() throws(BuildError) -> UnsafeMutableRawBufferPointer {
        if used == buffer.count { try flush() }
        return UnsafeMutableRawBufferPointer(rebasing: buffer[used...])
    }

    /// `count` bytes of the space were filled.
    func advance(by count: Int) { used += count }

    func finish() throws(BuildError) -> SharedFile {
        try flush()
        return file
    }

    private func flush() throws(BuildError) {
        try file.write(UnsafeRawBufferPointer(rebasing: buffer[..<used]), at: written, attempt: attempt)
        written += UInt64(used)
        used = 0
    }
}
