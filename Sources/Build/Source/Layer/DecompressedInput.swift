import CArchive

/// Bytes as libarchive decompresses them, whatever they are; those that are not compressed are what they are.
///
/// Not Sendable: whoever opened it reads it, on one thread.
final class DecompressedInput {
    /// What errors call it.
    private let name: String
    private let archive: OpaquePointer
    /// nil for bytes in memory.
    private let input: ArchiveInput?
    private var isAtEnd = false

    /// - Throws: `BuildError` when the beginning is broken already.
    convenience init(_ input: ArchiveInput, filters: [ArchiveFilter]) throws(BuildError) {
        try self.init(name: input.file.path, input: input, filters: filters) { archive in
            archive_read_open(
                archive,
                Unmanaged.passUnretained(input).toOpaque(),
                nil,
                { _, context, output in
                    Unmanaged<ArchiveInput>.fromOpaque(context!).takeUnretainedValue().read(output)
                },
                nil
            )
        }
    }

    /// - Parameter bytes: have to stay for as long as this is used.
    convenience init(_ bytes: UnsafeRawBufferPointer, name: String, filters: [ArchiveFilter]) throws(BuildError) {
        try self.init(name: name, input: nil, filters: filters) { archive in
            archive_read_open_memory(archive, bytes.baseAddress, bytes.count)
        }
    }

    private init(
        name: String,
        input: ArchiveInput?,
        filters: [ArchiveFilter],
        open: (OpaquePointer) -> CInt
    ) throws(BuildError) {
        guard let archive = archive_read_new() else { throw BuildError(.unavailable, "there is no memory left") }
        self.name = name
        self.input = input
        self.archive = archive
        for filter in filters { filter.add(to: archive) }
        archive_read_support_format_raw(archive)
        archive_read_support_format_empty(archive)
        guard open(archive) == ARCHIVE_OK else { throw failure() }
        var entry: OpaquePointer?
        let status = archive_read_next_header(archive, &entry)
        isAtEnd = status == ARCHIVE_EOF
        guard isAtEnd || status == ARCHIVE_OK else { throw failure() }
    }

    deinit { archive_read_free(archive) }

    /// Whether a filter took the bytes: libarchive counts the source itself as one.
    var isCompressed: Bool { archive_filter_count(archive) > 1 }

    /// How many bytes were taken from the source.
    var taken: UInt64 { UInt64(max(0, archive_filter_bytes(archive, -1))) }

    /// The next bytes.
    /// - Returns: how many came; 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(BuildError) -> Int {
        guard !isAtEnd else { return 0 }
        let count = archive_read_data(archive, buffer.baseAddress, buffer.count)
        guard count >= 0 else { throw failure() }
        return count
    }

    private func failure() -> BuildError {
        if let error = input?.error { return error }
        let reason = archive_error_string(archive).map { String(cString: $0) } ?? "libarchive says no more"
        return BuildError(.corrupt, "cannot read \(name): \(reason)")
    }
}
