import CCompression

/// One gzip member without name and time (RFC 1952).
final class GzipCompressor: Compressor {
    private let stream: UnsafeMutablePointer<z_stream>
    private let sink: CompressorSink
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 4096)

    /// - Parameter level: 1 to 9.
    init(level: CInt, sink: @escaping CompressorSink) throws {
        self.sink = sink
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard compression_gzip_begin(stream, level) == Z_OK else {
            throw BuildError(.unavailable, "cannot compress with gzip: there is no memory for it")
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
        output.deallocate()
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
            rest = rest.dropFirst(piece.count)
            // zlib reads through this pointer and never writes.
            stream.pointee.next_in = UnsafeMutablePointer(
                mutating: piece.assumingMemoryBound(to: UInt8.self).baseAddress
            )
            stream.pointee.avail_in = CUnsignedInt(piece.count)
            while stream.pointee.avail_in > 0 { _ = try step(Z_NO_FLUSH) }
        }
    }

    func finish() throws {
        while try step(Z_FINISH) != Z_STREAM_END {}
    }

    private func step(_ flush: CInt) throws -> CInt {
        stream.pointee.next_out = output.assumingMemoryBound(to: UInt8.self).baseAddress
        stream.pointee.avail_out = CUnsignedInt(output.count)
        let status = deflate(stream, flush)
        guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
            throw BuildError(.unavailable, "cannot compress with gzip: zlib says \(status)")
        }
        let count = output.count - Int(stream.pointee.avail_out)
        if count > 0 { try sink(UnsafeRawBufferPointer(rebasing: output[..<count])) }
        return status
    }
}
