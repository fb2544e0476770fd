import Glibc

/// Reads a resource at any offset, across its pieces.
struct ContentReader {
    private let pieces: [(start: UInt64, piece: Content.Piece)]
    let length: UInt64

    init(_ content: Content) {
        var start: UInt64 = 0
        pieces = content.pieces.map { piece in
            defer { start += piece.count }
            return (start, piece)
        }
        length = content.length
    }

    /// Fills `buffer` from `offset` on, as far as the resource reaches.
    /// - Returns: how many bytes that was.
    /// - Throws: what `pread` said; EIO for a file that is shorter than it was when it was opened.
    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        var filled = 0
        for (start, piece) in pieces {
            let position = offset + UInt64(filled)
            guard filled < buffer.count else { break }
            guard position >= start, position < start + piece.count else { continue }
            let wanted = Int(min(UInt64(buffer.count - filled), start + piece.count - position))
            let target = UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<filled + wanted])
            switch piece {
            case .bytes(let bytes):
                let first = Int(position - start)
                target.copyBytes(from: bytes[first..<first + wanted])
            case .file(let file, let range):
                try Self.read(file, at: range.lowerBound + (position - start), into: target)
            }
            filled += wanted
        }
        return filled
    }

    private static func read(
        _ file: OpenFile,
        at offset: UInt64,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(SystemError) {
        var filled = 0
        while filled < buffer.count {
            let count = pread(
                file.descriptor,
                buffer.baseAddress?.advanced(by: filled),
                buffer.count - filled,
                off_t(offset) + off_t(filled)
            )
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw SystemError("read", "descriptor \(file.descriptor)", code: count == 0 ? EIO : errno)
            }
            filled += count
        }
    }
}
