import CISAL

/// What is compressed with gzip (RFC 1952), decompressed for libarchive to take, member after member.
///
/// By ISA-L: most layers are gzip, and it inflates four times as fast as the zlib that libarchive uses; and it compares the
/// members' checksums, which libarchive does not.
///
/// Not Sendable: whoever opened it reads it, on one thread.
final class GzipInput {
    private let input: ArchiveInput
    private let name: String
    private let state = UnsafeMutablePointer<inflate_state>.allocate(capacity: 1)
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
    private var isAtEnd = false
    /// What libarchive could not be told.
    private(set) var error: BuildError?

    /// - Parameter name: what errors call the archive.
    init(_ input: ArchiveInput, name: String) {
        self.input = input
        self.name = name
        isal_inflate_init(state)
        state.pointee.crc_flag = UInt32(ISAL_GZIP)
    }

    deinit {
        state.deallocate()
        buffer.deallocate()
    }

    /// Bytes for libarchive's callback.
    /// - Returns: how many there are behind `output` now; 0 at the end, -1 for an error, which is kept.
    func read(_ output: UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int {
        do throws(BuildError) {
            output?.pointee = UnsafeRawPointer(buffer.baseAddress)
            return try fill()
        } catch {
            self.error = error
            return -1
        }
    }

    private func fill() throws(BuildError) -> Int {
        state.pointee.next_out = buffer.baseAddress!.assumingMemoryBound(to: UInt8.self)
        state.pointee.avail_out = UInt32(buffer.count)
        while state.pointee.avail_out > 0, !isAtEnd {
            let room = state.pointee.avail_out
            let hasInput = try refill()
            let status = isal_inflate(state)
            guard status >= ISAL_DECOMP_OK, status != ISAL_NEED_DICT else {
                throw BuildError(.corrupt, "cannot read \(name): its gzip data is wrong (ISA-L says \(status))")
            }
            if state.pointee.block_state == ISAL_BLOCK_FINISH {
                try beginMember()
            } else if !hasInput, state.pointee.avail_out == room {
                throw BuildError(.corrupt, "cannot read \(name): its gzip data ends before it should")
            }
        }
        return buffer.count - Int(state.pointee.avail_out)
    }

    /// - Returns: whether there is something to decompress.
    private func refill() throws(BuildError) -> Bool {
        guard state.pointee.avail_in == 0 else { return true }
        let bytes = try input.next()
        guard let first = bytes.baseAddress, !bytes.isEmpty else { return false }
        state.pointee.next_in = UnsafeMutablePointer(mutating: first.assumingMemoryBound(to: UInt8.self))
        state.pointee.avail_in = UInt32(bytes.count)
        return true
    }

    /// Another member, if what follows begins like one; anything else is the end, as for gzip(1).
    private func beginMember() throws(BuildError) {
        guard try refill(), state.pointee.next_in[0] == 0x1f,
            state.pointee.avail_in == 1 || state.pointee.next_in[1] == 0x8b
        else {
            isAtEnd = true
            return
        }
        isal_inflate_reset(state)
        state.pointee.crc_flag = UInt32(ISAL_GZIP)
    }
}
