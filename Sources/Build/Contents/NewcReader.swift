import Vocabulary

/// Reads the cpio archives ("newc", `NewcWriter` has the layout) that an initrd is a sequence of, file by file.
///
/// Not Sendable: it reads where it stands.
struct NewcReader {
    /// One header. A file's content is asked for with `content` before the next header, or skipped.
    struct Header {
        var path: BytePath
        /// `st_mode`: the type's bits (octal 170000) and the permissions.
        var mode: UInt32
        var inode: UInt32
        var links: UInt32
        var owner: UInt32
        var group: UInt32
        /// Seconds since 1970.
        var modified: UInt32
        /// In bytes.
        var size: UInt32
        var deviceMajor: UInt32
        var deviceMinor: UInt32
        /// Which archive of the sequence it stands in, from 0.
        var archive: Int
    }

    private let bytes: InitrdBytes
    private var archive = 0
    private var isInside = false
    private var unread: UInt32 = 0
    private var padding = 0

    init(path: String) throws {
        bytes = try InitrdBytes(path: path)
        self.path = path
    }

    private let path: String

    /// nil at the end.
    mutating func next() throws -> Header? {
        try content { _ in }
        while true {
            if !isInside {
                guard try !bytes.isAtEnd() else { return nil }
                isInside = true
            }
            let header = try header()
            guard header.path == "TRAILER!!!" else { return header }
            try content { _ in }
            isInside = false
            archive += 1
        }
    }

    /// Hands over what is left of the current entry's content, a piece at a time.
    mutating func content(
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard unread > 0 || padding > 0 else { return }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(Int(unread) + 4, 1 << 18), alignment: 4096)
        defer { buffer.deallocate() }
        while unread > 0 {
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(Int(unread), buffer.count)])
            try bytes.read(into: piece)
            try body(UnsafeRawBufferPointer(piece))
            unread -= UInt32(piece.count)
        }
        try bytes.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<padding]))
        padding = 0
    }

    private func take(_ count: Int) throws -> [UInt8] {
        var taken = [UInt8](repeating: 0, count: count)
        let bytes = bytes
        try taken.withUnsafeMutableBytes { buffer in try bytes.read(into: buffer) }
        return taken
    }

    private mutating func header() throws -> Header {
        let raw = try take(110)
        guard raw.starts(with: "070701".utf8) || raw.starts(with: "070702".utf8) else {
            throw BuildError(
                .corrupt,
                "cannot read \(path): found no header of a cpio archive (newc) where one has to be"
            )
        }
        var fields: [UInt32] = []
        for index in 0..<13 {
            let digits = String(decoding: raw[(6 + 8 * index)..<(14 + 8 * index)], as: UTF8.self)
            guard let field = UInt32(digits, radix: 16) else {
                throw BuildError(
                    .corrupt,
                    "cannot read \(path): found '\(BytePath(digits))' in a header of a cpio archive"
                )
            }
            fields.append(field)
        }
        let nameLength = Int(fields[11])
        guard (1...NewcWriter.longestName + 1).contains(nameLength) else {
            throw BuildError(.corrupt, "cannot read \(path): found a name of \(nameLength) bytes in a cpio archive")
        }
        let name = try take(nameLength + (4 - (110 + nameLength) % 4) % 4).prefix(nameLength - 1)
        unread = fields[6]
        padding = Int((4 - fields[6] % 4) % 4)
        return Header(
            path: BytePath(name.drop { $0 == UInt8(ascii: "/") }),
            mode: fields[1],
            inode: fields[0],
            links: fields[4],
            owner: fields[2],
            group: fields[3],
            modified: fields[5],
            size: fields[6],
            deviceMajor: fields[9],
            deviceMinor: fields[10],
            archive: archive
        )
    }
}
