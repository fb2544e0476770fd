/// The blocks of one transfer, read ahead into a buffer that is there only once a block was asked for: a request that
/// nobody follows up costs no buffer.
final class BlockSource {
    /// Bytes read at once, at most: 22 blocks of 1468 for lock-step, and for windows what the kernel cuts at one go.
    private static let readAhead = (lockStep: 32 << 10, window: 64 << 10)

    private enum Encoding {
        case octet
        /// Goes forward only; the block that was encoded last can be had again.
        case netascii(NetasciiEncoder, read: UInt64)
    }

    private let reader: ContentReader
    private let blockSize: Int
    private let capacity: Int
    private var encoding: Encoding
    private var buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    /// What of the travelling bytes lies in the buffer.
    private var held: Range<UInt64> = 0..<0

    init(_ content: Content, mode: ReadRequest.Mode, options: TransferOptions) {
        reader = ContentReader(content)
        blockSize = options.blockSize
        switch mode {
        case .octet:
            encoding = .octet
            let wanted = options.windowSize > 1 ? Self.readAhead.window : Self.readAhead.lockStep
            let blocks = Self.blocks(ofWindow: options.windowSize, within: max(1, wanted / blockSize))
            capacity = max(1, min(Int(clamping: content.length), blocks * blockSize))
        case .netascii:
            encoding = .netascii(NetasciiEncoder(), read: 0)
            capacity = blockSize
        }
    }

    deinit { buffer.deallocate() }

    /// How many blocks to read at once: whole windows, or equal parts of one, so that none is read twice.
    private static func blocks(ofWindow window: Int, within limit: Int) -> Int {
        guard window > limit else { return limit / window * window }
        let parts = (window + limit - 1) / limit
        return (window + parts - 1) / parts
    }

    /// The number of the block that ends the file: the first one that is not full (RFC 1350 6). nil for netascii,
    /// where only the translation will tell.
    var lastBlock: UInt64? {
        if case .octet = encoding { reader.length / UInt64(blockSize) + 1 } else { nil }
    }

    /// How many blocks `withBlocks` has room for.
    var blocksAtOnce: Int { max(1, capacity / blockSize) }

    /// Calls `body` with the bytes of `count` blocks from `first` on; short when the file ends among them.
    /// - Parameter count: at most `blocksAtOnce`, and not past the last block.
    func withBlocks<Result>(
        _ first: UInt64,
        count: Int,
        _ body: (UnsafeRawBufferPointer) -> Result
    ) throws(SystemError) -> Result {
        switch encoding {
        case .octet:
            let wanted = range(first, count)
            try hold(wanted)
            let offset = Int(wanted.lowerBound - held.lowerBound)
            return body(UnsafeRawBufferPointer(rebasing: buffer[offset..<offset + wanted.count]))
        case .netascii(let encoder, let read):
            if buffer.baseAddress == nil { buffer = .allocate(byteCount: capacity, alignment: 16) }
            let start = (first - 1) * UInt64(blockSize)
            if held.lowerBound != start || held.isEmpty { try encode(encoder, from: read, at: start) }
            return body(UnsafeRawBufferPointer(rebasing: buffer[..<held.count]))
        }
    }

    /// Reads `count` blocks from `first` on, or as many as there are, before they are asked for: while the client is
    /// busy with those before them. What cannot be read is said by `withBlocks`.
    func prepare(_ first: UInt64, count: Int) {
        guard case .octet = encoding else { return }
        try? hold(range(first, min(count, blocksAtOnce)))
    }

    private func range(_ first: UInt64, _ count: Int) -> Range<UInt64> {
        let start = min((first - 1) * UInt64(blockSize), reader.length)
        return start..<min(start + UInt64(count * blockSize), reader.length)
    }

    private func hold(_ wanted: Range<UInt64>) throws(SystemError) {
        guard wanted.lowerBound < held.lowerBound || wanted.upperBound > held.upperBound else { return }
        if buffer.baseAddress == nil { buffer = .allocate(byteCount: capacity, alignment: 16) }
        held = 0..<0
        held = wanted.lowerBound..<wanted.lowerBound + UInt64(try reader.read(at: wanted.lowerBound, into: buffer))
    }

    /// The next block's worth of the translation.
    private func encode(_ previous: NetasciiEncoder, from offset: UInt64, at start: UInt64) throws(SystemError) {
        var encoder = previous
        var read = offset
        var written = 0
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 1)
        defer { piece.deallocate() }
        while written < blockSize {
            let available = try reader.read(at: read, into: piece)
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[written...])
            let step = encoder.encode(UnsafeRawBufferPointer(rebasing: piece[..<available]), into: rest)
            read += UInt64(step.read)
            written += step.written
            if step.read == 0, step.written == 0 { break }
        }
        encoding = .netascii(encoder, read: read)
        held = start..<start + UInt64(written)
    }
}
