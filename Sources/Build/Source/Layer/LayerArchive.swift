import CArchive
import Glibc
import Vocabulary

/// Reads a layer: a tar archive, compressed in one of the ways that layers are, entry by entry.
///
/// Names are the bytes that stand in the archive. libarchive would compose the accents of UTF-8 names in pax headers
/// (NFC) in a UTF-8 locale, so that two files become one; in the C locale it hands out what it read, with a warning.
///
/// Not Sendable: whoever opened it reads it, on one thread.
final class LayerArchive {
    /// What the archive is called in errors.
    let name: String
    private let archive: OpaquePointer
    private let locale = newlocale(LC_CTYPE_MASK, "C", nil)
    private let input: ArchiveInput
    /// Between `input` and libarchive, for what is compressed with gzip.
    private let gzip: GzipInput?

    /// - Throws: `BuildError` when it is not compressed in a way that layers are.
    init(_ input: ArchiveInput, name: String) throws(BuildError) {
        self.name = name
        self.input = input
        archive = archive_read_new()
        for filter in ArchiveFilter.layers { filter.add(to: archive) }
        archive_read_support_format_tar(archive)
        archive_read_support_format_empty(archive)
        let status: CInt
        gzip = try input.begins(with: [0x1f, 0x8b]) ? GzipInput(input, name: name) : nil
        if let gzip {
            status = archive_read_open(
                archive,
                Unmanaged.passUnretained(gzip).toOpaque(),
                nil,
                { _, context, output in
                    Unmanaged<GzipInput>.fromOpaque(context!).takeUnretainedValue().read(output)
                },
                nil
            )
        } else {
            status = archive_read_open(
                archive,
                Unmanaged.passUnretained(input).toOpaque(),
                nil,
                { _, context, output in
                    Unmanaged<ArchiveInput>.fromOpaque(context!).takeUnretainedValue().read(output)
                },
                nil
            )
        }
        guard status == ARCHIVE_OK else { throw failure("read") }
    }

    deinit {
        archive_read_free(archive)
        if let locale { freelocale(locale) }
    }

    /// The next entry, its path clean; nil at the end. `read` hands out its content before the next one is asked for.
    ///
    /// - Throws: `BuildError` for an archive that is broken or ends early, for a path that leaves the root, and for what no
    ///   layer may hold.
    func next() throws(BuildError) -> Entry? {
        let previous = uselocale(locale)
        defer { uselocale(previous) }
        var raw: OpaquePointer?
        let status = archive_read_next_header(archive, &raw)
        if status == ARCHIVE_EOF { return nil }
        guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let raw else { throw failure("read") }
        // That a name could not be translated to the locale's characters is what is wanted; every other warning says
        // that something was left out.
        if status == ARCHIVE_WARN, strstr(archive_error_string(archive), "t be converted") == nil {
            throw failure("read")
        }
        return try entry(raw)
    }

    /// Fills `buffer` with the current entry's content, holes as zeros; fewer bytes than asked mean its end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(BuildError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let count = archive_read_data(archive, buffer.baseAddress! + filled, buffer.count - filled)
            if count == 0 { break }
            // ARCHIVE_RETRY among the errors: pieces of a sparse file out of their order are so each time.
            guard count > 0 else { throw failure("read") }
            filled += count
        }
        return filled
    }

    private func failure(_ verb: String) -> BuildError {
        if let error = input.error ?? gzip?.error { return error }
        let reason = archive_error_string(archive).map { String(cString: $0) } ?? "libarchive says no more"
        return BuildError(.corrupt, "cannot \(verb) \(name): \(reason)")
    }

    /// An entry before its content was looked at.
    struct Entry {
        enum Kind {
            case other(TreeEntry.Kind)
            /// In bytes.
            case file(size: UInt64)
        }

        /// `kind` is a directory's for a file, until its content is known.
        var metadata: TreeEntry
        var kind: Kind
    }

    private func entry(_ raw: OpaquePointer) throws(BuildError) -> Entry {
        guard let text = archive_entry_pathname(raw) else {
            throw BuildError(.corrupt, "cannot read \(name): an entry has no name")
        }
        let path = try clean(BytePath(bytes(text)))
        var metadata = TreeEntry(
            path: path,
            kind: .directory,
            permissions: UInt16(truncatingIfNeeded: archive_entry_perm(raw)) & 0o7777,
            owner: try identifier(archive_entry_uid(raw), of: path),
            group: try identifier(archive_entry_gid(raw), of: path),
            modified: Int64(archive_entry_mtime(raw)),
            attributes: attributes(raw)
        )
        if let target = archive_entry_hardlink(raw) {
            metadata.kind = .hardLink(to: try clean(BytePath(bytes(target))))
            return Entry(metadata: metadata, kind: .other(metadata.kind))
        }
        let device = (
            major: UInt32(truncatingIfNeeded: archive_entry_rdevmajor(raw)),
            minor: UInt32(truncatingIfNeeded: archive_entry_rdevminor(raw))
        )
        switch archive_entry_filetype(raw) {
        case S_IFREG: return Entry(metadata: metadata, kind: .file(size: UInt64(max(0, archive_entry_size(raw)))))
        case S_IFDIR: metadata.kind = .directory
        case S_IFLNK: metadata.kind = .symbolicLink(target: BytePath(archive_entry_symlink(raw).map(bytes) ?? []))
        case S_IFCHR: metadata.kind = .characterDevice(major: device.major, minor: device.minor)
        case S_IFBLK: metadata.kind = .blockDevice(major: device.major, minor: device.minor)
        case S_IFIFO: metadata.kind = .fifo
        default:
            throw BuildError(
                .invalidInput,
                "cannot unpack \(name): \(path) is neither file, directory, link, device nor pipe"
            )
        }
        return Entry(metadata: metadata, kind: .other(metadata.kind))
    }

    /// A path without a slash at either end and without empty parts.
    private func clean(_ path: BytePath) throws(BuildError) -> BytePath {
        guard let components = path.components else {
            throw BuildError(.invalidInput, "cannot unpack \(name): the path \(path) leaves the root")
        }
        return BytePath(components.map(\.bytes).joined(separator: [UInt8(ascii: "/")]))
    }

    private func identifier(_ value: Int64, of path: BytePath) throws(BuildError) -> UInt32 {
        guard let identifier = UInt32(exactly: value) else {
            throw BuildError(
                .invalidInput,
                "cannot unpack \(name): \(path) belongs to user or group \(value), which Linux has not"
            )
        }
        return identifier
    }

    private func attributes(_ raw: OpaquePointer) -> [ExtendedAttribute] {
        guard archive_entry_xattr_reset(raw) > 0 else { return [] }
        var attributes: [ExtendedAttribute] = []
        var key: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while archive_entry_xattr_next(raw, &key, &value, &size) == ARCHIVE_OK {
            guard let key else { continue }
            let bytes = value.map { Array(UnsafeRawBufferPointer(start: $0, count: size)) } ?? []
            attributes.append(ExtendedAttribute(name: String(cString: key), value: bytes))
        }
        return attributes.sorted { $0.name < $1.name }
    }

    private func bytes(_ text: UnsafePointer<CChar>) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
    }
}
