import CArchive
import Glibc
import Vocabulary

/// Writes a tar archive that depends on nothing but what goes in: no time, no owner.
///
/// Not Sendable: whoever opened it writes it, on one thread.
final class ArchiveWriter {
    private let path: String
    private let partial: String
    private let archive: OpaquePointer
    private var isFinished = false

    /// - Throws: `BuildError` when the file cannot be made. It appears under its name when it is finished.
    init(path: String) throws {
        self.path = path
        partial = path + ".partial"
        archive = archive_write_new()
        archive_write_set_format_pax_restricted(archive)
        guard archive_write_open_filename(archive, partial) == ARCHIVE_OK else { throw failure() }
    }

    deinit {
        archive_write_free(archive)
        if !isFinished { unlink(partial) }
    }

    func add(_ name: String, _ bytes: [UInt8]) throws {
        try begin(name, size: UInt64(bytes.count))
        try bytes.withUnsafeBytes { try write($0) }
    }

    /// Adds a file's content.
    func add(_ name: String, file: String, _ cancellation: BlockingWork.Cancellation) throws {
        let file = try POSIXFile(file, flags: O_RDONLY)
        try begin(name, size: file.regularSize())
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            try cancellation.check()
            let count = try file.read(into: buffer)
            if count == 0 { return }
            try write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    func finish() throws {
        guard archive_write_close(archive) == ARCHIVE_OK else { throw failure() }
        guard rename(partial, path) == 0 else { throw BuildError.system("cannot write \(path)") }
        isFinished = true
    }

    private func begin(_ name: String, size: UInt64) throws {
        let entry = archive_entry_new()
        defer { archive_entry_free(entry) }
        archive_entry_set_pathname(entry, name)
        // S_IFREG of inode(7).
        archive_entry_set_filetype(entry, 0o100000)
        archive_entry_set_perm(entry, 0o644)
        archive_entry_set_size(entry, Int64(size))
        archive_entry_set_mtime(entry, 0, 0)
        guard archive_write_header(archive, entry) == ARCHIVE_OK else { throw failure() }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws {
        guard bytes.isEmpty || archive_write_data(archive, bytes.baseAddress, bytes.count) == bytes.count else {
            throw failure()
        }
    }

    private func failure() -> BuildError {
        let reason = archive_error_string(archive).map { String(cString: $0) } ?? "libarchive says no more"
        return BuildError(.unavailable, "cannot write \(path): \(reason)")
    }
}
