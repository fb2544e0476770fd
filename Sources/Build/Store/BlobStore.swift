import Vocabulary

import struct Crypto.SHA256

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Bytes that were stored: their only name, and how many.
public struct Blob: Hashable, Sendable {
    public var digest: Digest
    /// In bytes.
    public var size: UInt64

    public init(digest: Digest, size: UInt64) {
        self.digest = digest
        self.size = size
    }
}

/// Bytes by digest, on disk: `blobs/sha256/<hex>`.
///
/// A blob appears whole or not at all (temporary file, fsync, rename) and never changes afterwards. Everything is
/// synchronous, safe from any thread and any process: two writers of the same bytes both succeed.
public struct BlobStore: Sendable {
    private let directory: DataDirectory
    let dataDirectory: String

    /// The store under a data directory; makes what is missing.
    /// - Throws: `BuildError` when the directories cannot be made.
    public init(dataDirectory: String) throws {
        self.dataDirectory = dataDirectory
        directory = try DataDirectory("\(dataDirectory)/blobs/sha256")
    }

    /// Where the bytes of a digest are, if they are here.
    public func path(of digest: Digest) -> String { "\(directory.path)/\(digest.hex)" }

    /// In bytes; nil when there is no such blob.
    public func size(of digest: Digest) -> UInt64? {
        var status = stat()
        guard stat(path(of: digest), &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return UInt64(status.st_size)
    }

    /// Begins a blob whose digest is not known yet.
    public func writer() throws -> BlobWriter { try BlobWriter(directory: directory) }

    /// Stores the bytes of a file, reading it once, a mebibyte at a time.
    public func store(file path: String) throws -> Blob {
        let source = try POSIXFile(path, flags: O_RDONLY)
        let expected = try source.regularSize()
        let writer = try writer()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = try source.read(into: buffer)
            if count == 0 { break }
            try writer.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        guard writer.count == expected else {
            throw BuildError(.invalidInput, "cannot import \(path): it changed while it was read")
        }
        return try writer.commit()
    }

    public func store(_ bytes: [UInt8]) throws -> Blob {
        let writer = try writer()
        try bytes.withUnsafeBytes { try writer.write($0) }
        return try writer.commit()
    }

    /// All bytes of a small blob, checked against its digest.
    /// - Parameter limit: in bytes; what is longer is refused.
    public func read(_ digest: Digest, limit: Int = 4 << 20) throws -> [UInt8] {
        let file = try POSIXFile(path(of: digest), flags: O_RDONLY)
        let size = try file.regularSize()
        guard size <= UInt64(limit) else {
            throw BuildError(.invalidInput, "the blob \(digest) has \(size) bytes, more than \(limit) expected here")
        }
        var bytes = [UInt8](repeating: 0, count: Int(size))
        let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
        guard count == bytes.count, SHA256.hash(data: bytes).elementsEqual(digest.octets) else {
            throw BuildError(.corrupt, "the blob \(file.path) does not have the digest that it is named after")
        }
        return bytes
    }

    /// Every blob that there is; unordered.
    func all() throws -> [Blob] {
        try directory.names().compactMap { name in
            guard let digest = Digest(hex: name), let size = size(of: digest) else { return nil }
            return Blob(digest: digest, size: size)
        }
    }

    func remove(_ digest: Digest) throws { try directory.remove(digest.hex) }

    /// Removes the temporary files that killed processes left.
    public func removeLeftovers() { directory.removeLeftovers() }
}

/// A blob being written: digested on the way, published by `commit`, gone when it is dropped before.
public final class BlobWriter {
    private let directory: DataDirectory
    private let file: POSIXFile
    private var hash = SHA256()
    private var isPublished = false
    /// Bytes so far.
    public private(set) var count: UInt64 = 0

    fileprivate init(directory: DataDirectory) throws {
        self.directory = directory
        file = try directory.temporaryFile()
    }

    deinit {
        if !isPublished { unlink(file.path) }
    }

    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        hash.update(bufferPointer: bytes)
        try file.write(bytes)
        count += UInt64(bytes.count)
    }

    /// Publishes the bytes under their digest. Nothing may be written afterwards.
    ///
    /// - Parameter expected: what they have to be; nil for whatever they are.
    /// - Throws: `.corrupt` when they are something else, and then nothing is kept.
    @discardableResult
    public func commit(expecting expected: Blob? = nil) throws -> Blob {
        precondition(!isPublished, "a blob is committed once")
        let digest = Digest(octets: Array(hash.finalize()))!
        if let expected, expected != Blob(digest: digest, size: count) {
            let reason =
                count == expected.size
                ? "they have the digest \(digest)" : "there are \(count) of \(expected.size) bytes"
            throw BuildError(.corrupt, "the bytes are not those of \(expected.digest): \(reason)")
        }
        try directory.publish(file, as: digest.hex)
        isPublished = true
        return Blob(digest: digest, size: count)
    }
}
