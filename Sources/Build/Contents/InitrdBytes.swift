/// The bytes of an initrd as the kernel unpacks them: what is compressed is decompressed, member by member, and what is
/// not is handed out as it is (Linux, Documentation/driver-api/early-userspace/buffer-format.rst). Members that are
/// compressed in two ways within one file, which the kernel would take, are refused.
///
/// Not Sendable: whoever opened it reads it, on one thread.
final class InitrdBytes {
    private let file: SharedFile
    private let size: UInt64
    /// Of the next byte of the file that is not compressed, or of the next member.
    private var offset: UInt64 = 0
    private var member: CompressedMember?

    /// - Throws: `BuildError` when the file cannot be opened.
    init(path: String) throws {
        file = try SharedFile(reading: path)
        size = try file.size
    }

    /// Whether there is nothing but zeros until the end; skips the zeros between two archives.
    ///
    /// To be asked where an archive may begin, and only there: a member of another compression begins nowhere else.
    func isAtEnd() throws -> Bool {
        while true {
            if let member {
                if try member.skipZeros() { return false }
                offset = try member.end()
                self.member = nil
            }
            try skipZeros()
            guard offset < size else { return true }
            guard try !beginsArchive() else { return false }
            member = try CompressedMember(file, from: offset, to: size)
        }
    }

    /// Fills `buffer`.
    /// - Throws: `BuildError` when the bytes end before.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws {
        if let member { return try member.read(into: buffer) }
        guard UInt64(buffer.count) <= size - offset else {
            throw BuildError(.corrupt, "cannot read \(file.path): it ends within a cpio archive")
        }
        try file.read(into: buffer, at: offset)
        offset += UInt64(buffer.count)
    }

    private func beginsArchive() throws -> Bool {
        guard size - offset >= 6 else { return false }
        var magic: [UInt8] = [0, 0, 0, 0, 0]
        let file = file
        let offset = offset
        try magic.withUnsafeMutableBytes { bytes in try file.read(into: bytes, at: offset) }
        return magic.elementsEqual("07070".utf8)
    }

    private func skipZeros() throws {
        var byte: [UInt8] = [0]
        let file = file
        while offset < size {
            let offset = offset
            try byte.withUnsafeMutableBytes { bytes in try file.read(into: bytes, at: offset) }
            guard byte[0] == 0 else { return }
            self.offset += 1
        }
    }
}

/// What is compressed, from an offset of a file on.
private final class CompressedMember {
    private let path: String
    private let bytes: DecompressedInput
    private let start: UInt64
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
    /// What was decompressed and not read yet.
    private var rest: Range<Int> = 0..<0

    init(_ file: SharedFile, from start: UInt64, to end: UInt64) throws {
        path = file.path
        self.start = start
        bytes = try DecompressedInput(
            ArchiveInput(file, offset: start, size: end - start),
            filters: ArchiveFilter.kernels
        )
        guard bytes.isCompressed else {
            throw BuildError(
                .invalidInput,
                "cannot read \(path): at byte \(start) is neither a cpio archive (newc) nor one that is compressed with "
                    + "gzip, zstd, xz, lzma, bzip2 or lz4"
            )
        }
    }

    deinit { buffer.deallocate() }

    func read(into target: UnsafeMutableRawBufferPointer) throws {
        var filled = 0
        while filled < target.count {
            guard try fill() else { throw BuildError(.corrupt, "cannot read \(path): it ends within a cpio archive") }
            let count = min(rest.count, target.count - filled)
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[rest.lowerBound..<(rest.lowerBound + count)])
            (target.baseAddress! + filled).copyMemory(from: bytes.baseAddress!, byteCount: count)
            rest = (rest.lowerBound + count)..<rest.upperBound
            filled += count
        }
    }

    /// - Returns: false at the end.
    func skipZeros() throws -> Bool {
        while try fill() {
            while !rest.isEmpty {
                guard buffer[rest.lowerBound] == 0 else { return true }
                rest = (rest.lowerBound + 1)..<rest.upperBound
            }
        }
        return false
    }

    /// Where the compressed bytes ended.
    func end() throws -> UInt64 {
        guard bytes.taken > 0 else {
            throw BuildError(.corrupt, "cannot read \(path): nothing is compressed at byte \(start)")
        }
        return start + bytes.taken
    }

    /// - Returns: whether there are bytes to read.
    private func fill() throws -> Bool {
        guard rest.isEmpty else { return true }
        rest = 0..<(try bytes.read(into: buffer))
        return !rest.isEmpty
    }
}
