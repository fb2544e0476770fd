/// How a transfer is done, as server and client agreed (RFC 2347, 2348, 2349, 7440).
struct TransferOptions: Hashable, Sendable {
    /// What the server can offer for one request.
    struct Limits: Hashable, Sendable {
        /// Bytes of the biggest IP packet towards the client.
        var mtu: Int
        /// IPv6 has the longer header.
        var isIPv6: Bool
        /// Blocks of the longest window. RFC 7440's annex finds nothing gained beyond 64, and some clients fail there.
        var window: Int
        /// The file's length in bytes, when the mode lets it be known.
        var size: UInt64?

        /// The longest block whose packet is not cut into fragments, which many ROMs cannot put together: the MTU
        /// without the headers of IP (20 or 40), UDP (8) and DATA (4).
        var blockSize: Int { max(8, min(65464, mtu - (isIPv6 ? 52 : 32))) }
    }

    /// 512 unless agreed otherwise.
    var blockSize = 512
    /// 1 unless agreed otherwise.
    var windowSize = 1
    /// Seconds until something is sent again, when the client named them.
    var timeout: Int?
    /// What the option acknowledgement says: only what was asked for, in the client's spelling and order. Empty when
    /// there is nothing to acknowledge and the first block goes out at once.
    var acknowledged: [TFTPOption] = []

    init() {}

    /// What is agreed for `options`. An option that is unknown, malformed, out of range or said a second time is left
    /// out of the acknowledgement, which tells the client that it is not in force (RFC 2347 2).
    init(answering options: [TFTPOption], mode: ReadRequest.Mode, limits: Limits) {
        var seen: Set<[UInt8]> = []
        for option in options where seen.insert(option.name.map { $0 | 0x20 }).inserted {
            guard let value = accept(option, mode: mode, limits: limits) else { continue }
            acknowledged.append(TFTPOption(name: option.name, value: Array(String(value).utf8)))
        }
    }

    /// The value to acknowledge; nil to leave the option out.
    private mutating func accept(_ option: TFTPOption, mode: ReadRequest.Mode, limits: Limits) -> UInt64? {
        guard let number = option.number else { return nil }
        if option.isNamed("blksize") {  // RFC 2348: 8 to 65464; the server may answer with less
            guard number >= 8 else { return nil }
            blockSize = Int(min(number, UInt64(limits.blockSize)))
            return UInt64(blockSize)
        }
        if option.isNamed("timeout") {  // RFC 2349: 1 to 255, exactly as asked or not at all
            guard (1...255).contains(number) else { return nil }
            timeout = Int(number)
            return number
        }
        if option.isNamed("tsize") {  // RFC 2349: the size of the file as it travels
            return mode == .octet ? limits.size : nil
        }
        if option.isNamed("windowsize") {  // RFC 7440: 1 to 65535; the server may answer with less
            // A translated file cannot be wound back, so it goes block by block.
            guard (1...65535).contains(number), mode == .octet else { return nil }
            windowSize = Int(min(number, UInt64(limits.window)))
            return UInt64(windowSize)
        }
        return nil
    }

    /// ```
    ///  +-------+---~~---+---+---~~---+---+---~~---+---+---~~---+---+
    ///  |  06   |  opt1  | 0 | value1 | 0 |  optN  | 0 | valueN | 0 |
    ///  +-------+---~~---+---+---~~---+---+---~~---+---+---~~---+---+
    /// ```
    var packet: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(bigEndian: TFTPOpcode.optionAcknowledgement.rawValue)
        for option in acknowledged { bytes += option.name + [0] + option.value + [0] }
        return bytes
    }
}
