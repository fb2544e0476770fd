import Vocabulary

/// Writes one cpio archive in the "newc" format, which the kernel unpacks as an initramfs.
///
/// The same entries always give the same bytes: inode numbers count up from 1 in the order of writing, and the device
/// that files lie on is 0:0. Everything goes to `sink` as it is appended, so memory does not grow with the archive.
/// Parent directories must be appended before what lies in them (the kernel creates none by itself).
///
///     0         6    14     22   30   38     46     54        62                    110
///     | 070701 | ino | mode | uid | gid | nlink | mtime | filesize | 4 devices, namesize, check | name\0 | data |
///
/// All numbers are eight hexadecimal digits; name and data are padded with zeros to a multiple of 4
/// (Linux, Documentation/driver-api/early-userspace/buffer-format.rst).
public struct NewcWriter: ~Copyable {
    /// Takes the next bytes of the archive.
    public typealias Sink = (RawSpan) throws -> Void

    /// The kernel skips entries whose name, NUL included, or whose link target is longer (init/initramfs.c).
    static let longestName = 4095
    static let largestFile = UInt64(UInt32.max)

    private let sink: Sink
    private var nextInode: UInt32 = 1

    public init(sink: @escaping Sink) {
        self.sink = sink
    }

    /// Bytes of the archive that an entry takes, its content included.
    static func size(of entry: NewcEntry) -> UInt64 {
        let content: UInt64 =
            switch entry.kind {
            case .file(let size): size
            case .symbolicLink(let target): UInt64(target.bytes.count)
            case .directory, .characterDevice, .blockDevice, .fifo: 0
            }
        let headers = ([entry.path] + entry.hardLinks).reduce(UInt64(0)) { $0 + header(of: $1) }
        return headers + (content + 3) & ~3
    }

    /// Bytes that `finish` writes.
    static let trailerSize = header(of: "TRAILER!!!")

    private static func header(of path: BytePath) -> UInt64 {
        let name = path.bytes.drop { $0 == UInt8(ascii: "/") }
        return UInt64(110 + name.count + 1 + 3) & ~3
    }

    /// Appends a directory, a link, a device node or an empty file.
    public mutating func append(_ entry: NewcEntry) throws {
        switch entry.kind {
        case .symbolicLink(let target): try append(entry, data: target.bytes)
        case .directory, .file, .characterDevice, .blockDevice, .fifo:
            try append(entry, data: [])
        }
    }

    /// Appends a file (or whatever `entry` is) whose whole content is `data`.
    public mutating func append(_ entry: NewcEntry, data: [UInt8]) throws {
        try append(entry, size: UInt64(data.count)) { emit in
            try emit(data.span.bytes)
        }
    }

    /// Appends a file whose content `produce` hands over piece by piece.
    ///
    /// - Parameter produce: calls what it is given with the file's bytes in order, as often as it likes.
    /// - Throws: `BuildError` when the file is larger than 4 GiB - 1 or when other than the announced bytes came; the
    ///   archive cannot be continued after the latter. Whatever the sink throws.
    public mutating func append(file entry: NewcEntry, produce: (_ emit: Sink) throws -> Void) throws {
        guard case .file(let size) = entry.kind else {
            preconditionFailure("\(entry.path) is no regular file: it has no content to stream")
        }
        try append(entry, size: size, produce: produce)
    }

    /// Ends the archive. Nothing may be appended to a newc archive after its trailer; another archive may follow.
    public consuming func finish() throws {
        let trailer = NewcEntry(path: "TRAILER!!!", kind: .fifo, permissions: 0)
        try write(header: Header(entry: trailer, mode: 0, inode: 0, links: 1, size: 0), name: trailer.path.bytes)
    }

    private mutating func append(
        _ entry: NewcEntry,
        size: UInt64,
        produce: (_ emit: Sink) throws -> Void
    ) throws {
        try Self.check(entry)
        let names = ([entry.path] + entry.hardLinks).map { Array($0.bytes.drop { $0 == UInt8(ascii: "/") }) }
        if case .file(let announced) = entry.kind, announced != size {
            throw Self.unwritable(entry.path, code: .corrupt, "\(announced) bytes were announced, \(size) came")
        }
        let inode = nextInode
        nextInode += 1
        // All names but the last carry no data: readers link them to the one that does.
        for (index, name) in names.enumerated() {
            let isLast = index == names.count - 1
            let header = Header(
                entry: entry,
                mode: entry.mode,
                inode: inode,
                links: entry.kind == .directory ? 2 : UInt32(names.count),
                size: isLast ? UInt32(size) : 0
            )
            try write(header: header, name: name)
        }
        var written: UInt64 = 0
        try produce { bytes in
            written += UInt64(bytes.byteCount)
            guard written <= size else {
                throw Self.unwritable(entry.path, code: .corrupt, "more than the announced \(size) bytes came")
            }
            try sink(bytes)
        }
        guard written == size else {
            throw Self.unwritable(entry.path, code: .corrupt, "\(size) bytes were announced, \(written) came")
        }
        try pad(after: Int(size))
    }

    /// - Throws: `BuildError` that names the entry and says why the format cannot carry it.
    static func check(_ entry: NewcEntry) throws(BuildError) {
        switch entry.kind {
        case .file(let size):
            guard size <= largestFile else {
                throw unwritable(entry.path, "it has \(size) bytes, the format ends at \(largestFile)")
            }
        case .symbolicLink(let target):
            guard !target.bytes.isEmpty, target.bytes.count <= longestName, !target.bytes.contains(0) else {
                throw unwritable(entry.path, "its target must have 1 to \(longestName) bytes, none of them 0")
            }
        case .directory, .characterDevice, .blockDevice, .fifo: break
        }
        if !entry.hardLinks.isEmpty {
            guard case .file = entry.kind else {
                throw unwritable(entry.path, "only regular files have several names")
            }
        }
        for path in [entry.path] + entry.hardLinks {
            let name = path.bytes.drop { $0 == UInt8(ascii: "/") }
            guard !name.isEmpty, name.count <= longestName, !name.contains(0) else {
                throw unwritable(path, "a name must have 1 to \(longestName) bytes, none of them 0")
            }
            guard !name.elementsEqual("TRAILER!!!".utf8) else {
                throw unwritable(path, "this name ends an archive")
            }
        }
    }

    private func write(header: Header, name: [UInt8]) throws {
        var bytes = header.encoded(nameLength: name.count + 1)
        bytes += name
        bytes.append(0)
        while !bytes.count.isMultiple(of: 4) { bytes.append(0) }
        try sink(bytes.span.bytes)
    }

    private static func unwritable(
        _ path: BytePath,
        code: BuildError.Code = .invalidInput,
        _ why: String
    ) -> BuildError {
        BuildError(code, "cannot put \(path) into a cpio archive: \(why)")
    }

    private func pad(after count: Int) throws {
        let padding = [UInt8](repeating: 0, count: (4 - count % 4) % 4)
        if !padding.isEmpty { try sink(padding.span.bytes) }
    }
}

/// The 110 bytes before a name.
private struct Header {
    var entry: NewcEntry
    var mode: UInt32
    var inode: UInt32
    var links: UInt32
    var size: UInt32

    func encoded(nameLength: Int) -> [UInt8] {
        var bytes = Array("070701".utf8)
        bytes.reserveCapacity(110 + nameLength + 3)
        let device = entry.device
        let fields: [UInt32] = [
            inode, mode, entry.owner, entry.group, links, entry.modified, size,
            0, 0, device.major, device.minor, UInt32(nameLength), 0,
        ]
        for field in fields {
            for shift in stride(from: UInt32(28), through: 0, by: -4) {
                bytes.append(hexadecimalCharacter(UInt8(truncatingIfNeeded: field >> shift & 15)))
            }
        }
        return bytes
    }
}
