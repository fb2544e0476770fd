import CCompression

/// One xz stream with CRC32, the only check that the kernel's decoder knows (Linux, Documentation/staging/xz.rst).
final class XZCompressor: Compressor {
    private let stream: UnsafeMutablePointer<lzma_stream>
    private let sink: CompressorSink
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 4096)

    /// - Parameter preset: 0 to 9.
    init(preset: UInt32, sink: @escaping CompressorSink) throws {
        self.sink = sink
        stream = .allocate(capacity: 1)
        stream.initialize(to: compression_xz_stream())
        guard lzma_easy_encoder(stream, preset, LZMA_CHECK_CRC32) == LZMA_OK else {
            throw BuildError(.unavailable, "cannot compress with xz: there is no memory for it")
        }
    }

    deinit {
        lzma_end(stream)
        stream.deallocate()
        output.deallocate()
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        stream.pointee.next_in = bytes.assumingMemoryBound(to: UInt8.self).baseAddress
        stream.pointee.avail_in = bytes.count
        while stream.pointee.avail_in > 0 { _ = try step(LZMA_RUN) }
    }

    func finish() throws {
        while try step(LZMA_FINISH) != LZMA_STREAM_END {}
    }

    private func step(_ action: lzma_action) throws -> lzma_ret {
        stream.pointee.next_out = output.assumingMemoryBound(to: UInt8.self).baseAddress
        stream.pointee.avail_out = output.count
        let status = lzma_code(stream, action)
        guard status == LZMA_OK || status == LZMA_STREAM_END else {
            throw BuildError(.unavailable, "cannot compress with xz: liblzma says \(status.rawValue)")
        }
        let count = output.count - stream.pointee.avail_out
        if count > 0 { try sink(UnsafeRawBufferPointer(rebasing: output[..<count])) }
        return status
    }
}
