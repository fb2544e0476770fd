import Vocabulary

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Files by name: in a directory, or in a tar archive.
protocol NamedFiles: Sendable {
    /// What it is called in errors.
    var path: String { get }
    /// nil when there is none of that name. - Parameter limit: in bytes; what is longer is refused.
    func read(_ name: String, limit: Int) throws -> [UInt8]?
    /// Copies files into `store`, which get their digests on the way; `body` is told each one.
    func copy(
        _ files: [WantedFile],
        to store: BlobStore,
        _ cancellation: BlockingWork.Cancellation,
        _ body: (String, Blob) -> Void
    ) throws
}

/// A file that is to be copied, and what it has to be if that is known.
struct WantedFile: Hashable, Sendable {
    var name: String
    var expected: Blob?
}

/// Images whose blobs are files: an OCI layout, or what skopeo calls `dir:`.
struct FileTransport: ImageTransport {
    let name: String
    let files: any NamedFiles
    /// The file of a blob.
    let path: @Sendable (OCIDescriptor) -> String

    /// The blobs of an OCI image layout (OCI image specification 1.1, image layout).
    static func layout(_ files: any NamedFiles, name: String) -> FileTransport {
        FileTransport(name: name, files: files) { "blobs/sha256/\($0.digest.hex)" }
    }

    func read(_ descriptor: OCIDescriptor) async throws -> [UInt8] {
        let file = path(descriptor)
        let bytes = try await BlockingWork.run { _ in try files.read(file, limit: OCIDocument.longest) }
        guard let bytes else { throw BuildError(.notFound, "\(name) has no blob \(descriptor.digest)") }
        guard UInt64(bytes.count) == descriptor.size, Digest(of: bytes) == descriptor.digest else {
            throw BuildError(.corrupt, "\(name): \(file) is damaged: it is not what its digest says")
        }
        return bytes
    }

    func copy(_ blobs: [OCIDescriptor], to store: BlobStore, progress: ByteProgress?) async throws {
        let wanted = blobs.filter { !store.holds($0) }
        guard !wanted.isEmpty else { return }
        let named = wanted.map { WantedFile(name: path($0), expected: Blob(digest: $0.digest, size: $0.size)) }
        try await BlockingWork.run { cancellation in
            try files.copy(named, to: store, cancellation) { _, blob in
                progress?(blob.size)
            }
        }
        for blob in wanted where !store.holds(blob) {
            throw BuildError(.notFound, "\(name) has no blob \(blob.digest)")
        }
    }
}

/// The files of a directory.
struct DirectoryFiles: NamedFiles {
    let path: String

    /// nil when there is none of that name.
    private func open(_ name: String) throws -> POSIXFile? {
        guard access("\(path)/\(name)", F_OK) == 0 else { return nil }
        return try POSIXFile("\(path)/\(name)", flags: O_RDONLY)
    }

    func read(_ name: String, limit: Int) throws -> [UInt8]? {
        guard let file = try open(name) else { return nil }
        let size = try file.regularSize()
        guard size <= UInt64(limit) else { throw tooLong("\(path)/\(name)", size, limit) }
        var bytes = [UInt8](repeating: 0, count: Int(size))
        let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
        return Array(bytes[..<count])
    }

    func copy(
        _ files: [WantedFile],
        to store: BlobStore,
        _ cancellation: BlockingWork.Cancellation,
        _ body: (String, Blob) -> Void
    ) throws {
        for wanted in files {
            guard let file = try open(wanted.name) else { continue }
            _ = try file.regularSize()
            let writer = try store.writer()
            try Self.copy(file, to: writer, cancellation)
            body(wanted.name, try commit(writer, expecting: wanted.expected, file: file.path))
        }
    }

    private static func copy(_ file: POSIXFile, to writer: BlobWriter, _ cancellation: BlockingWork.Cancellation) throws
    {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            try cancellation.check()
            let count = try file.read(into: buffer)
            if count == 0 { return }
            try writer.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
}

func tooLong(_ file: String, _ size: UInt64, _ limit: Int) -> BuildError {
    BuildError(.invalidInput, "cannot read \(file): it has \(size) bytes, more than the \(limit) that it may have")
}

/// Publishes a blob that was copied out of `file`.
func commit(_ writer: BlobWriter, expecting expected: Blob?, file: String) throws -> Blob {
    do {
        return try writer.commit(expecting: expected)
    } catch let error as BuildError where error.code == .corrupt {
        throw BuildError(.corrupt, "\(file) is damaged: \(error)")
    }
}
