/// How a segment is compressed: with what, and how hard.
public struct SegmentCompression: Hashable, Sendable, CustomStringConvertible {
    public var format: InitrdCompression
    /// Small instead of fast: zstd's level 19 instead of 3, gzip's 9 instead of 6, xz's 9 with its best search.
    public var isCompact: Bool

    public init(_ format: InitrdCompression, isCompact: Bool = false) {
        self.format = format
        self.isCompact = isCompact
    }

    /// What a segment's key and people call it: `zstd -19`. Two compressions of the same name give the same bytes.
    public var description: String {
        switch format {
        case .none: "none"
        case .zstd: isCompact ? "zstd -19" : "zstd -3"
        case .gzip: isCompact ? "gzip -9" : "gzip -6"
        case .xz: isCompact ? "xz -7" : "xz -5"
        }
    }

    /// An estimate of the memory that compressing `size` bytes takes, in bytes, from the levels' windows and tables:
    /// how many segments are compressed at once goes by it.
    func memory(size: UInt64) -> Int {
        switch format {
        case .none: 0
        case .gzip: 1 << 20
        case .zstd where isCompact: size > 32 << 20 ? 96 << 20 : size > 4 << 20 ? 80 << 20 : 32 << 20
        case .zstd: size > 4 << 20 ? 32 << 20 : 8 << 20
        case .xz: size > 8 << 20 ? 96 << 20 : 80 << 20
        }
    }

    /// A stream that compresses exactly `size` bytes.
    ///
    /// - Parameter sink: takes the compressed bytes, a piece at a time, on the thread that writes.
    /// - Throws: `BuildError` when the library has no memory for it.
    func begin(size: UInt64, sink: @escaping CompressorSink) throws -> any Compressor {
        switch format {
        case .none: StoringCompressor(sink: sink)
        case .zstd: try ZstdCompressor(isCompact: isCompact, size: size, sink: sink)
        case .gzip: try GzipCompressor(level: isCompact ? 9 : 6, sink: sink)
        case .xz: try XZCompressor(preset: isCompact ? 7 : 5, sink: sink)
        }
    }
}

/// Takes the next compressed bytes.
typealias CompressorSink = (UnsafeRawBufferPointer) throws -> Void

/// Compresses a stream of bytes into one frame, member or stream of its format: the kernel wants exactly one, and the
/// next archive after it. The same bytes, written in whatever pieces, give the same bytes on every host.
///
/// Not Sendable: whoever began it writes, on one thread at a time.
protocol Compressor: AnyObject {
    func write(_ bytes: UnsafeRawBufferPointer) throws
    /// Writes out what is left. Nothing may be written afterwards.
    func finish() throws
}

/// No compression.
final class StoringCompressor: Compressor {
    private let sink: CompressorSink

    init(sink: @escaping CompressorSink) { self.sink = sink }

    func write(_ bytes: UnsafeRawBufferPointer) throws { try sink(bytes) }
    func finish() throws {}
}
