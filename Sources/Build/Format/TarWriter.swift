import Vocabulary

/// Writes a tar archive in the pax format (POSIX.1-2001), where the same entries always give the same bytes.
///
/// Names are the bytes that they are: in the header as far as they fit (100 bytes), in a pax record beyond, with
/// `hdrcharset=BINARY` where they are not UTF-8. Extended attributes are `SCHILY.xattr.` records, which GNU tar,
/// libarchive and tar2sqfs read.
public struct TarWriter {
    /// Takes the next bytes of the archive.
    public typealias Sink = (UnsafeRawBufferPointer) throws -> Void

    private static let block = 512
    private let sink: Sink

    public init(sink: @escaping Sink) {
        self.sink = sink
    }

    /// Appends an entry.
    /// - Parameter content: calls what it is given with a regular file's bytes in order; not called for anything else.
    /// - Throws: `BuildError` when other than the announced bytes come; whatever the sink throws.
    public func append(_ entry: TreeEntry, content: (_ emit: Sink) throws -> Void) throws {
        let header = TarHeader(entry)
        if !header.records.isEmpty { try appendRecords(of: header) }
        try put(header.encoded)
        guard case .file(let file) = entry.kind else { return }
        var written: UInt64 = 0
        try content { bytes in
            written += UInt64(bytes.count)
            try sink(bytes)
        }
        guard written == file.size else {
            throw BuildError(
                .corrupt,
                "cannot put \(entry.path) into a tar archive: \(file.size) bytes were announced, \(written) came"
            )
        }
        try pad(after: file.size)
    }

    /// Ends the archive: two empty blocks.
    public func finish() throws { try put([UInt8](repeating: 0, count: 2 * Self.block)) }

    private func appendRecords(of header: TarHeader) throws {
        let records = header.records.flatMap(\.encoded)
        try put(TarHeader(recordsOf: header, size: UInt64(records.count)).encoded)
        try put(records)
        try pad(after: UInt64(records.count))
    }

    private func pad(after size: UInt64) throws {
        let rest = Int(size % UInt64(Self.block))
        if rest > 0 { try put([UInt8](repeating: 0, count: Self.block - rest)) }
    }

    private func put(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try sink($0) } }
}

/// A key and its value in a pax header: `LENGTH KEY=VALUE\n`, the length counting itself.
private struct PaxRecord {
    var key: String
    var value: [UInt8]

    var encoded: [UInt8] {
        let rest = key.utf8.count + value.count + 3
        var length = rest
        while String(length).utf8.count + rest != length { length = String(length).utf8.count + rest }
        return Array("\(length) \(key)=".utf8) + value + [UInt8(ascii: "\n")]
    }
}

/// The 512 bytes before an entry (ustar), and the records for what they cannot hold.
///
///     0      100    108   116   124    136     148    156  157        257     263  265    297    329  337  345    500
///     | name | mode | uid | gid | size | mtime | sum | type | linkname | ustar\0 | 00 | user | group | devices | prefix |
private struct TarHeader {
    private(set) var records: [PaxRecord] = []
    private var name: [UInt8]
    private var link: [UInt8] = []
    private var type: UInt8
    private var permissions: UInt64
    private var owner: UInt64 = 0
    private var group: UInt64 = 0
    private var size: UInt64 = 0
    private var modified: UInt64 = 0
    private var device: (major: UInt64, minor: UInt64) = (0, 0)

    init(_ entry: TreeEntry) {
        name = entry.path.bytes
        permissions = UInt64(entry.permissions)
        switch entry.kind {
        case .directory:
            type = UInt8(ascii: "5")
            name.append(UInt8(ascii: "/"))
        case .file(let content):
            type = UInt8(ascii: "0")
            size = fitting(content.size, digits: 11, "size")
        case .symbolicLink(let target):
            type = UInt8(ascii: "2")
            link = target.bytes
        case .hardLink(let target):
            type = UInt8(ascii: "1")
            link = target.bytes
        case .characterDevice(let major, let minor):
            type = UInt8(ascii: "3")
            device = (UInt64(major), UInt64(minor))
        case .blockDevice(let major, let minor):
            type = UInt8(ascii: "4")
            device = (UInt64(major), UInt64(minor))
        case .fifo:
            type = UInt8(ascii: "6")
        }
        owner = fitting(UInt64(entry.owner), digits: 7, "uid")
        group = fitting(UInt64(entry.group), digits: 7, "gid")
        if entry.modified < 0 {
            records.append(PaxRecord(key: "mtime", value: Array(String(entry.modified).utf8)))
        } else {
            modified = fitting(UInt64(entry.modified), digits: 11, "mtime")
        }
        name = fitting(name, "path")
        link = fitting(link, "linkpath")
        for attribute in entry.attributes {
            records.append(PaxRecord(key: "SCHILY.xattr.\(attribute.name)", value: attribute.value))
        }
        if records.contains(where: { $0.key.hasSuffix("path") && String(validating: $0.value, as: UTF8.self) == nil }) {
            records.insert(PaxRecord(key: "hdrcharset", value: Array("BINARY".utf8)), at: 0)
        }
    }

    /// The header before the records of `header`: an entry of its own, of type `x`.
    init(recordsOf header: TarHeader, size: UInt64) {
        name = Array("PaxHeaders/".utf8) + header.name.prefix(80)
        type = UInt8(ascii: "x")
        permissions = 0o644
        self.size = size
    }

    /// The number, or 0 and a record when it has more than `digits` octal digits.
    private mutating func fitting(_ number: UInt64, digits: Int, _ key: String) -> UInt64 {
        guard number >> (3 * UInt64(digits)) != 0 else { return number }
        records.append(PaxRecord(key: key, value: Array(String(number).utf8)))
        return 0
    }

    /// The name, or its beginning and a record when it has more than 100 bytes.
    private mutating func fitting(_ name: [UInt8], _ key: String) -> [UInt8] {
        guard name.count > 100 else { return name }
        records.append(PaxRecord(key: key, value: name))
        return Array(name.prefix(100))
    }

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        func put(_ text: [UInt8], _ width: Int) {
            bytes += text.prefix(width)
            bytes += [UInt8](repeating: 0, count: max(0, width - text.count))
        }
        func put(_ number: UInt64, _ width: Int) {
            let digits = String(number, radix: 8)
            put(Array((String(repeating: "0", count: max(0, width - 1 - digits.utf8.count)) + digits).utf8), width)
        }
        put(name, 100)
        put(permissions, 8)
        put(owner, 8)
        put(group, 8)
        put(size, 12)
        put(modified, 12)
        put(Array("        ".utf8), 8)
        put([type], 1)
        put(link, 100)
        put(Array("ustar\0".utf8) + Array("00".utf8), 8)
        put([], 64)
        put(device.major, 8)
        put(device.minor, 8)
        put([], 167)
        let sum = bytes.reduce(0) { $0 + UInt64($1) }
        let digits = String(sum, radix: 8)
        let checksum = String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits + "\0 "
        bytes.replaceSubrange(148..<156, with: checksum.utf8)
        return bytes
    }
}
