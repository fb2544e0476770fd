import Vocabulary

/// A layer's table as a file, so that a build reads no layer twice:
///
///     "muster layer table" version(1) digest(32) count entry… SHA-256(32) of everything before it
///
/// Numbers are LEB128, signed ones zigzag. An entry is
///
///     kind(1) shared suffix path[suffix] permissions owner group modified attributes content
///
/// `shared` bytes of the path are the last one's. Where a file's content lies is not written: the contents follow one
/// another in the archive's order.
extension LayerTable {
    private static let magic = Array("muster layer table".utf8)
    /// Goes up with everything that changes what a layer's table or its unpacked content is.
    private static let version: UInt8 = 1

    var encoded: [UInt8] {
        var writer = Writer()
        writer.bytes = Self.magic + [Self.version] + id.digest.octets
        writer.reserve(entries.count * 64)
        writer.number(UInt64(entries.count))
        var last: [UInt8] = []
        for entry in entries {
            writer.entry(entry, after: last)
            last = entry.path.bytes
        }
        return writer.bytes + Digest(of: writer.bytes).octets
    }

    /// nil when the bytes are damaged, of another version or of another layer.
    init?(encoded: [UInt8], id: LayerID) {
        guard encoded.count >= 32 else { return nil }
        let body = encoded.dropLast(32)
        guard Digest(of: body).octets.elementsEqual(encoded.suffix(32)) else { return nil }
        self.init(body: Array(body), id: id)
    }

    /// What stands before the checksum.
    init?(body: [UInt8], id: LayerID) {
        let header = Self.magic + [Self.version] + id.digest.octets
        guard body.starts(with: header) else { return nil }
        var reader = Reader(bytes: body, position: header.count, id: id)
        // No entry is shorter than eight bytes.
        guard let count = reader.number(), count <= UInt64(body.count / 8) else { return nil }
        var entries: [TreeEntry] = []
        entries.reserveCapacity(Int(count))
        var last: [UInt8] = []
        for _ in 0..<count {
            guard let entry = reader.entry(after: last) else { return nil }
            last = entry.path.bytes
            entries.append(entry)
        }
        guard reader.position == body.count else { return nil }
        self.init(id: id, entries: entries)
    }

    fileprivate enum Tag: UInt8 {
        case directory, file, symbolicLink, hardLink, characterDevice, blockDevice, fifo
    }

    private struct Writer {
        var bytes: [UInt8] = []

        mutating func reserve(_ count: Int) { bytes.reserveCapacity(bytes.count + count) }

        mutating func number(_ value: UInt64) {
            var rest = value
            while rest >= 0x80 {
                bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            bytes.append(UInt8(rest))
        }

        mutating func text(_ text: some Collection<UInt8>) {
            number(UInt64(text.count))
            bytes += text
        }

        mutating func entry(_ entry: TreeEntry, after last: [UInt8]) {
            let path = entry.path.bytes
            let shared = zip(path, last).prefix { $0 == $1 }.count
            bytes.append(entry.kind.tag.rawValue)
            number(UInt64(shared))
            text(path[shared...])
            number(UInt64(entry.permissions))
            number(UInt64(entry.owner))
            number(UInt64(entry.group))
            number(UInt64(bitPattern: entry.modified << 1 ^ entry.modified >> 63))
            number(UInt64(entry.attributes.count))
            for attribute in entry.attributes {
                text(Array(attribute.name.utf8))
                text(attribute.value)
            }
            switch entry.kind {
            case .directory, .fifo: break
            case .file(let content):
                bytes += content.digest.octets
                number(content.size)
            case .symbolicLink(let target), .hardLink(let target): text(target.bytes)
            case .characterDevice(let major, let minor), .blockDevice(let major, let minor):
                number(UInt64(major))
                number(UInt64(minor))
            }
        }
    }

    private struct Reader {
        let bytes: [UInt8]
        var position: Int
        let id: LayerID
        /// Where the next file's content lies.
        var offset: UInt64 = 0

        mutating func byte() -> UInt8? {
            guard position < bytes.count else { return nil }
            defer { position += 1 }
            return bytes[position]
        }

        mutating func number() -> UInt64? {
            var value: UInt64 = 0
            var shift: UInt64 = 0
            while let byte = byte() {
                guard shift < 63 || shift == 63 && byte <= 1 else { return nil }
                value |= UInt64(byte & 0x7f) << shift
                if byte < 0x80 { return value }
                shift += 7
            }
            return nil
        }

        mutating func number<Value: FixedWidthInteger>(as type: Value.Type) -> Value? {
            number().flatMap { Value(exactly: $0) }
        }

        mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
            guard count <= bytes.count - position else { return nil }
            defer { position += count }
            return bytes[position..<position + count]
        }

        mutating func text() -> [UInt8]? { number(as: Int.self).flatMap { take($0) }.map { Array($0) } }

        mutating func entry(after last: [UInt8]) -> TreeEntry? {
            guard let tag = byte().flatMap(Tag.init), let shared = number(as: Int.self), shared <= last.count,
                let suffix = text(), let permissions = number(as: UInt16.self), permissions <= 0o7777,
                let owner = number(as: UInt32.self), let group = number(as: UInt32.self), let time = number(),
                let attributes = attributes(), let kind = kind(tag)
            else { return nil }
            return TreeEntry(
                path: BytePath(last[..<shared] + suffix),
                kind: kind,
                permissions: permissions,
                owner: owner,
                group: group,
                modified: Int64(bitPattern: time >> 1) ^ -Int64(bitPattern: time & 1),
                attributes: attributes
            )
        }

        mutating func attributes() -> [ExtendedAttribute]? {
            guard let count = number(), count <= UInt64(bytes.count) else { return nil }
            var attributes: [ExtendedAttribute] = []
            for _ in 0..<count {
                guard let name = text(), let value = text() else { return nil }
                attributes.append(ExtendedAttribute(name: String(decoding: name, as: UTF8.self), value: value))
            }
            return attributes
        }

        mutating func kind(_ tag: Tag) -> TreeEntry.Kind? {
            switch tag {
            case .directory: return .directory
            case .fifo: return .fifo
            case .file:
                guard let digest = take(32).flatMap({ Digest(octets: $0) }), let size = number() else { return nil }
                let (end, overflow) = offset.addingReportingOverflow(size)
                guard !overflow else { return nil }
                defer { offset = end }
                return .file(FileContent(digest: digest, size: size, place: .layer(id, offset: offset)))
            case .symbolicLink: return text().map { .symbolicLink(target: BytePath($0)) }
            case .hardLink: return text().map { .hardLink(to: BytePath($0)) }
            case .characterDevice, .blockDevice:
                guard let major = number(as: UInt32.self), let minor = number(as: UInt32.self) else { return nil }
                return tag == .blockDevice
                    ? .blockDevice(major: major, minor: minor) : .characterDevice(major: major, minor: minor)
            }
        }
    }
}

extension TreeEntry.Kind {
    fileprivate var tag: LayerTable.Tag {
        switch self {
        case .directory: .directory
        case .file: .file
        case .symbolicLink: .symbolicLink
        case .hardLink: .hardLink
        case .characterDevice: .characterDevice
        case .blockDevice: .blockDevice
        case .fifo: .fifo
        }
    }
}
