import Synchronization
import Vocabulary

import struct Crypto.SHA256

/// What files of packages hold, one behind the other in a file without a name, for as long as an image is made of them.
///
/// Safe from any thread; contents are written one at a time.
final class PackageSpool: Sendable {
    private let file: SharedFile
    private let end = Mutex<UInt64>(0)
    /// Stands where a layer's name does in the places of contents.
    private static let id = LayerID(Digest(of: Array("muster.packages".utf8)))

    /// - Throws: `BuildError` when `directory` takes no file.
    init(in directory: DataDirectory) throws {
        file = try SharedFile(unnamedIn: directory)
    }

    /// Begins a content.
    /// - Parameter name: what errors call it.
    func writer(named name: String) -> Writer { Writer(self, name: name) }

    /// Keeps bytes that were made here.
    func store(_ bytes: [UInt8], named name: String) throws -> FileContent {
        let writer = writer(named: name)
        try bytes.withUnsafeBytes { try writer.write($0) }
        return writer.content
    }

    /// Hands the bytes of a content to `body`, a piece at a time.
    func read(_ content: FileContent, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var position: UInt64 = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(1, Int(min(content.size, 1 << 20))),
            alignment: 16
        )
        defer { buffer.deallocate() }
        while position < content.size {
            let count = Int(min(UInt64(buffer.count), content.size - position))
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
            try read(content, at: position, into: piece)
            try body(UnsafeRawBufferPointer(piece))
            position += UInt64(count)
        }
    }

    /// Fills `buffer` with the bytes of a content from `offset` on.
    func read(_ content: FileContent, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws {
        switch content.place {
        case .layer(_, let start):
            guard offset <= content.size, UInt64(buffer.count) <= content.size - offset else {
                throw BuildError(.corrupt, "cannot read \(buffer.count) bytes from \(offset) of \(content.size)")
            }
            try file.read(into: buffer, at: start + offset)
        case .bytes, .host:
            preconditionFailure("contents of packages lie in their spool")
        }
    }

    /// All bytes of a content.
    func bytes(of content: FileContent) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(content.size))
        try bytes.withUnsafeMutableBytes { try read(content, at: 0, into: $0) }
        return bytes
    }

    /// Writes one content. Not Sendable; of one spool one at a time.
    final class Writer {
        private let spool: PackageSpool
        private let name: String
        private let start: UInt64
        private var size: UInt64 = 0
        private var hash = SHA256()

        fileprivate init(_ spool: PackageSpool, name: String) {
            self.spool = spool
            self.name = name
            start = spool.end.withLock(\.self)
        }

        func write(_ bytes: UnsafeRawBufferPointer) throws(BuildError) {
            try spool.file.write(bytes, at: start + size, attempt: "cannot unpack \(name)")
            hash.update(bufferPointer: bytes)
            size += UInt64(bytes.count)
            spool.end.withLock { $0 = start + size }
        }

        /// Writes `size` bytes from wherever they come.
        /// - Parameter read: fills a buffer; fewer bytes than asked mean the end.
        func fill(size expected: UInt64, _ read: (UnsafeMutableRawBufferPointer) throws -> Int) throws {
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
            defer { buffer.deallocate() }
            while true {
                let count = try read(buffer)
                try write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                if count < buffer.count { break }
            }
            guard size == expected else {
                throw BuildError(.corrupt, "cannot unpack \(name): it ends before it should")
            }
        }

        /// What was written.
        var content: FileContent {
            let digest = Digest(octets: Array(hash.finalize()))!
            return FileContent(digest: digest, size: size, place: .layer(PackageSpool.id, offset: start))
        }
    }
}
