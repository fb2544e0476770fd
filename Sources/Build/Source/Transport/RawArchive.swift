import CArchive
import Vocabulary

/// A compressed file as libarchive decompresses it; one that is not compressed is what it is.
///
/// Not Sendable: whoever opened it reads it, on one thread.
final class RawArchive {
    private let path: String
    private let archive: OpaquePointer
    private let input: ArchiveInput

    /// - Throws: `BuildError` when it cannot be opened, or is compressed in a way that layers are not.
    init(_ path: String, size: UInt64) throws {
        self.path = path
        input = try ArchiveInput(SharedFile(reading: path), size: size)
        archive = archive_read_new()
        archive_read_support_filter_gzip(archive)
        archive_read_support_filter_zstd(archive)
        archive_read_support_filter_xz(archive)
        archive_read_support_filter_bzip2(archive)
        archive_read_support_format_raw(archive)
        archive_read_support_format_empty(archive)
        let status = archive_read_open(
            archive,
            Unmanaged.passUnretained(input).toOpaque(),
            nil,
            { _, context, output in
                Unmanaged<ArchiveInput>.fromOpaque(context!).takeUnretainedValue().read(output)
            },
            nil
        )
        guard status == ARCHIVE_OK else { throw failure() }
    }

    deinit { archive_read_free(archive) }

    /// Copies all of it.
    func copy(to writer: BlobWriter, _ cancellation: BlockingWork.Cancellation) throws {
        var entry: OpaquePointer?
        let status = archive_read_next_header(archive, &entry)
        if status == ARCHIVE_EOF { return }
        guard status == ARCHIVE_OK else { throw failure() }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            try cancellation.check()
            let count = archive_read_data(archive, buffer.baseAddress, buffer.count)
            if count == 0 { return }
            guard count > 0 else { throw failure() }
            try writer.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    private func failure() -> BuildError {
        if let error = input.error { return error }
        let reason = archive_error_string(archive).map { String(cString: $0) } ?? "libarchive says no more"
        return BuildError(.corrupt, "cannot read \(path): \(reason)")
    }
}
