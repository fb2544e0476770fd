import Vocabulary

/// Writes one segment into the blob store: contents in, one compressed newc archive out, a piece at a time.
struct SegmentWriter {
    let plan: SegmentPlan
    let compression: SegmentCompression
    let contents: any ContentReader

    /// - Parameter progress: called with the bytes of contents so far; what it throws ends the writing.
    /// - Returns: the blob, to be committed, which waits for the disk.
    /// - Throws: `BuildError` that names the entry which newc cannot carry or whose content cannot be read.
    func write(into store: BlobStore, progress: (UInt64) throws -> Void) throws -> BlobWriter {
        let blob = try store.writer()
        let compressor = try compression.begin(size: plan.archiveSize) { try blob.write($0) }
        // Headers are small and many; the compressor gets them, and small files, in larger pieces.
        let buffer = PieceBuffer { try compressor.write($0) }
        var read: UInt64 = 0
        var archive = NewcWriter { span in try span.withUnsafeBytes { try buffer.write($0) } }
        for item in plan.items {
            guard let content = item.content else {
                try archive.append(item.entry)
                continue
            }
            try archive.append(file: item.entry) { emit in
                try contents.read(content) { bytes in
                    try emit(RawSpan(_unsafeBytes: bytes))
                    read += UInt64(bytes.count)
                    try progress(read)
                }
            }
        }
        try archive.finish()
        try buffer.flush()
        try compressor.finish()
        return blob
    }
}

/// Gathers small writes.
private final class PieceBuffer {
    private let sink: CompressorSink
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 4096)
    private var count = 0

    init(sink: @escaping CompressorSink) { self.sink = sink }

    deinit { buffer.deallocate() }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        if count + bytes.count > buffer.count { try flush() }
        guard bytes.count < buffer.count else { return try sink(bytes) }
        UnsafeMutableRawBufferPointer(rebasing: buffer[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    func flush() throws {
        guard count > 0 else { return }
        try sink(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        count = 0
    }
}
