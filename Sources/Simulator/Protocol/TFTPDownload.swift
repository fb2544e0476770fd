/// A download as firmware does it (RFC 1350, with the options of RFC 2348, 2349 and 7440). Without I/O.
struct TFTPDownload {
    enum Action: Hashable {
        case nothing
        case send([UInt8])
        /// All of it is there; the last acknowledgement is to be sent.
        case finished([UInt8])
        case failed(String)
    }

    /// Until the last packet is sent again: one after another, then the client gives up.
    static let timeouts: [Duration] = [.seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(16)]

    /// What is sent first.
    let request: [UInt8]
    /// Bytes that came in order.
    private(set) var received = 0
    private let blockSize: Int
    private var window = 1
    private var agreedSize = 512
    private var total: Int?
    /// Blocks that came in order.
    private var blocks: UInt64 = 0
    private var acknowledged: UInt64 = 0
    /// Whether something came out of order since the last progress: it is acknowledged once.
    private var hasComplained = false
    private var tries = 0

    init(file: String, blockSize: Int, window: Int) {
        self.blockSize = blockSize
        var options = [("blksize", blockSize), ("tsize", 0)]
        if window > 1 { options.append(("windowsize", window)) }
        let strings = [file, "octet"] + options.flatMap { [$0.0, String($0.1)] }
        request = [0, 1] + strings.flatMap { Array($0.utf8) + [0] }
    }

    /// How long to wait for the server; nil when it was asked for the last time.
    var timeout: Duration? { tries < Self.timeouts.count ? Self.timeouts[tries] : nil }

    /// Nothing came in time: the last packet again.
    mutating func timedOut() -> [UInt8] {
        tries += 1
        hasComplained = false
        return blocks == 0 && total == nil ? request : acknowledgement()
    }

    mutating func take(_ bytes: UnsafeRawBufferPointer) -> Action {
        guard bytes.count >= 4 else { return .nothing }
        switch bytes[1] {
        case 3: return takeBlock(UInt16(bytes[2]) << 8 | UInt16(bytes[3]), count: bytes.count - 4)
        case 5:
            return .failed("TFTP error \(bytes[3]): \(String(decoding: bytes[4...].prefix { $0 != 0 }, as: UTF8.self))")
        case 6: return takeOptions(bytes[2...])
        default: return .nothing
        }
    }

    private mutating func takeBlock(_ block: UInt16, count: Int) -> Action {
        guard block == UInt16(truncatingIfNeeded: blocks + 1), count <= agreedSize else {
            guard !hasComplained, blocks > 0 else { return .nothing }
            hasComplained = true
            return .send(acknowledgement())
        }
        blocks += 1
        received += count
        tries = 0
        hasComplained = false
        if count < agreedSize {
            if let total, total != received { return .failed("TFTP: \(received) bytes came of \(total)") }
            return .finished(acknowledgement())
        }
        return blocks - acknowledged >= UInt64(window) ? .send(acknowledgement()) : .nothing
    }

    private mutating func takeOptions(_ bytes: Slice<UnsafeRawBufferPointer>) -> Action {
        guard blocks == 0 else { return .nothing }
        let strings = bytes.split(separator: 0, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        for index in stride(from: 0, to: strings.count - 1, by: 2) {
            guard let value = Int(strings[index + 1]) else { continue }
            switch strings[index].lowercased() {
            case "blksize": agreedSize = min(value, blockSize)
            case "windowsize": window = max(1, value)
            case "tsize": total = value
            default: break
            }
        }
        tries = 0
        return .send(acknowledgement())
    }

    private mutating func acknowledgement() -> [UInt8] {
        acknowledged = blocks
        return [0, 4, UInt8(truncatingIfNeeded: blocks >> 8), UInt8(truncatingIfNeeded: blocks)]
    }
}
