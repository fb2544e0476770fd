import CCompression

/// One zstd frame (RFC 8878).
final class ZstdCompressor: Compressor {
    /// Threads at level 3. With one or more the library cuts the input into jobs of a size that does not depend on how
    /// many threads there are, so its output does not either; with none it would be another.
    private static let threads: CInt = 2
    /// In bytes: what one job of a thread compresses.
    private static let jobSize: CInt = 4 << 20

    private let context: OpaquePointer
    private let sink: CompressorSink
    private let output: UnsafeMutableRawBufferPointer

    init(isCompact: Bool, size: UInt64, sink: @escaping CompressorSink) throws {
        guard let context = ZSTD_createCCtx() else {
            throw BuildError(.unavailable, "cannot compress with zstd: there is no memory for it")
        }
        self.context = context
        self.sink = sink
        output = .allocate(byteCount: ZSTD_CStreamOutSize(), alignment: 4096)
        try set(ZSTD_c_compressionLevel, isCompact ? 19 : 3)
        // The kernel checks it: a damaged initrd is an error and no strange machine.
        try set(ZSTD_c_checksumFlag, 1)
        if !isCompact {
            try set(ZSTD_c_nbWorkers, Self.threads)
            try set(ZSTD_c_jobSize, Self.jobSize)
        }
        // Tables as large as the input needs, and an error when other than `size` bytes come.
        try check(ZSTD_CCtx_setPledgedSrcSize(context, size))
    }

    deinit {
        ZSTD_freeCCtx(context)
        output.deallocate()
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        while input.pos < input.size { _ = try step(&input, ZSTD_e_continue) }
    }

    func finish() throws {
        var input = ZSTD_inBuffer(src: nil, size: 0, pos: 0)
        while try step(&input, ZSTD_e_end) != 0 {}
    }

    /// - Returns: how much the library still holds back, at least.
    private func step(_ input: inout ZSTD_inBuffer, _ mode: ZSTD_EndDirective) throws -> Int {
        var out = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let left = ZSTD_compressStream2(context, &out, &input, mode)
        try check(left)
        if out.pos > 0 { try sink(UnsafeRawBufferPointer(rebasing: output[..<out.pos])) }
        return left
    }

    private func set(_ parameter: ZSTD_cParameter, _ value: CInt) throws {
        try check(ZSTD_CCtx_setParameter(context, parameter, value))
    }

    private func check(_ code: Int) throws {
        guard ZSTD_isError(code) == 0 else {
            throw BuildError(.unavailable, "cannot compress with zstd: \(String(cString: ZSTD_getErrorName(code)))")
        }
    }
}
