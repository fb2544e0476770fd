import Vocabulary

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The files of a tar archive, compressed or not. Its contents are listed once; JSON documents are kept in memory, so that
/// reading them costs nothing, and everything else is copied in one more pass.
struct ArchiveFiles: NamedFiles {
    let path: String
    private let members: [String: Member]

    private struct Member: Sendable {
        var size: UInt64
        /// Of small files that begin like JSON.
        var document: [UInt8]?
        /// The name that a link leads to.
        var target: String?
    }

    /// In bytes, of all documents of an archive.
    private static let mostDocuments = 64 << 20

    /// - Throws: `BuildError` when the file is no archive that can be read.
    init(path: String, _ cancellation: BlockingWork.Cancellation) throws {
        self.path = path
        let archive = try Self.open(path)
        var members: [String: Member] = [:]
        var kept = 0
        while let entry = try archive.next() {
            try cancellation.check()
            let name = String(decoding: entry.metadata.path.bytes, as: UTF8.self)
            switch entry.kind {
            case .file(let size):
                let document = try Self.document(archive, size: size)
                kept += document?.count ?? 0
                guard kept <= Self.mostDocuments else {
                    throw BuildError(.invalidInput, "cannot read \(path): it holds more documents than images have")
                }
                members[name] = Member(size: size, document: document)
            case .other(.symbolicLink(let target)):
                let text = String(decoding: target.bytes, as: UTF8.self)
                members[name] = Member(size: 0, target: Self.resolve(text, from: name))
            case .other(.hardLink(let target)):
                members[name] = Member(size: 0, target: String(decoding: target.bytes, as: UTF8.self))
            case .other:
                continue
            }
        }
        self.members = members
    }

    private static func open(_ path: String) throws -> LayerArchive {
        let size = try POSIXFile(path, flags: O_RDONLY).regularSize()
        return try LayerArchive(ArchiveInput(SharedFile(reading: path), size: size), name: path)
    }

    /// The content of a file that begins like JSON and is small enough for it.
    private static func document(_ archive: LayerArchive, size: UInt64) throws -> [UInt8]? {
        guard size > 0, size <= UInt64(OCIDocument.longest) else { return nil }
        var first: UInt8 = 0
        let read = try withUnsafeMutableBytes(of: &first) { try archive.read(into: $0) }
        guard read == 1, first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(size))
        bytes[0] = first
        let count = try bytes.withUnsafeMutableBytes {
            try archive.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[1...]))
        }
        return count == bytes.count - 1 ? bytes : nil
    }

    /// A link's target as a name of the archive; nil when it leads out of it.
    private static func resolve(_ target: String, from name: String) -> String? {
        var parts = name.split(separator: "/").dropLast().map(String.init)
        for part in target.split(separator: "/") {
            switch part {
            case ".": continue
            case "..":
                guard parts.popLast() != nil else { return nil }
            default: parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }

    /// The file that a name means, through links; nil when there is none.
    private func resolve(_ name: String) -> String? {
        var name = name
        for _ in 0..<8 {
            guard let member = members[name] else { return nil }
            guard let target = member.target else { return name }
            name = target
        }
        return nil
    }

    /// In bytes; nil when there is no such file.
    func size(of name: String) -> UInt64? { resolve(name).flatMap { members[$0]?.size } }

    func read(_ name: String, limit: Int) throws -> [UInt8]? {
        guard let name = resolve(name), let member = members[name] else { return nil }
        guard member.size <= UInt64(limit) else { throw tooLong("\(name) in \(path)", member.size, limit) }
        guard let document = member.document else {
            throw BuildError(.invalidInput, "cannot read \(name) in \(path): it is no JSON document")
        }
        return document
    }

    func copy(
        _ files: [WantedFile],
        to store: BlobStore,
        _ cancellation: BlockingWork.Cancellation,
        _ body: (String, Blob) -> Void
    ) throws {
        var asked: [String: [WantedFile]] = [:]
        for wanted in files {
            if let file = resolve(wanted.name) { asked[file, default: []].append(wanted) }
        }
        let archive = try Self.open(path)
        while !asked.isEmpty, let entry = try archive.next() {
            let name = String(decoding: entry.metadata.path.bytes, as: UTF8.self)
            guard case .file = entry.kind, let wanted = asked.removeValue(forKey: name) else { continue }
            let writer = try store.writer()
            try Self.copy(archive, to: writer, cancellation)
            let expected = wanted.lazy.compactMap(\.expected).first
            let blob = try commit(writer, expecting: expected, file: "\(name) in \(path)")
            for other in wanted { body(other.name, blob) }
        }
    }

    private static func copy(
        _ archive: LayerArchive,
        to writer: BlobWriter,
        _ cancellation: BlockingWork.Cancellation
    ) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            try cancellation.check()
            let count = try archive.read(into: buffer)
            try writer.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            if count < buffer.count { return }
        }
    }
}
