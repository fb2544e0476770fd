import CArchive

/// A compression that is undone for whoever made the bytes, strangers among them.
///
/// libarchive knows more, and starts programs for those that it was not built with: none of them is ever asked for, and
/// of these here none that would be.
struct ArchiveFilter: Sendable {
    private let support: @Sendable (OpaquePointer?) -> CInt
    /// Undone by libarchive itself. It says `ARCHIVE_WARN` where a program would do it.
    let isBuiltIn: Bool

    private init(_ support: @escaping @Sendable (OpaquePointer?) -> CInt) {
        self.support = support
        let archive = archive_read_new()
        isBuiltIn = support(archive) == ARCHIVE_OK
        archive_read_free(archive)
    }

    private static let gzip = ArchiveFilter { archive_read_support_filter_gzip($0) }
    private static let zstd = ArchiveFilter { archive_read_support_filter_zstd($0) }
    private static let xz = ArchiveFilter { archive_read_support_filter_xz($0) }
    private static let bzip2 = ArchiveFilter { archive_read_support_filter_bzip2($0) }
    private static let lzma = ArchiveFilter { archive_read_support_filter_lzma($0) }
    private static let lz4 = ArchiveFilter { archive_read_support_filter_lz4($0) }

    /// What layers and the archives of images are compressed with.
    static let layers = [gzip, zstd, xz, bzip2]
    /// What kernels and initrds are compressed with. Linux reads LZO too, for which libarchive starts a program.
    static let kernels = layers + [lzma, lz4]

    func add(to archive: OpaquePointer) {
        if isBuiltIn { _ = support(archive) }
    }
}
