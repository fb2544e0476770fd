/// Turns a file into netascii (RFC 1350 1, RFC 764): LF becomes CR LF, a CR of its own becomes CR NUL.
///
/// A CR LF that is in the file already is one CR and one LF of the file, and arrives as CR NUL CR LF: what the
/// client turns back is the file, byte for byte. State crosses block boundaries, because a pair may be cut there.
struct NetasciiEncoder: Sendable {
    /// The second octet of a pair whose first one ended a block.
    private var pending: UInt8?

    /// Fills `output` as far as `input` reaches.
    /// - Returns: how many octets were read and how many written.
    mutating func encode(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) -> (read: Int, written: Int) {
        var read = 0
        var written = 0
        while written < output.count {
            if let octet = pending {
                output[written] = octet
                written += 1
                pending = nil
                continue
            }
            guard read < input.count else { break }
            let octet = input[read]
            read += 1
            switch octet {
            case 0x0a:
                output[written] = 0x0d
                pending = 0x0a
            case 0x0d:
                output[written] = 0x0d
                pending = 0
            default:
                output[written] = octet
            }
            written += 1
        }
        return (read, written)
    }
}
