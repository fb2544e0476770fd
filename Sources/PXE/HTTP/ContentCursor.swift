/// Walks through a range of a content in parts small enough to wait for.
///
/// Pure: it says what comes next and keeps no file open longer than the content does.
struct ContentCursor: Sendable {
    private let pieces: [Content.Piece]
    private var index = 0
    /// Of the current piece, already behind us.
    private var offset: UInt64
    private(set) var remaining: UInt64

    /// - Parameter range: Within the content's length.
    init(_ content: Content, range: Range<UInt64>) {
        pieces = content.pieces
        remaining = range.upperBound - range.lowerBound
        offset = range.lowerBound
        skipFinishedPieces()
    }

    /// What comes next, of at most `limit` bytes and of one piece; nil at the end.
    func part(limit: UInt64) -> Content.Piece? {
        guard remaining > 0, index < pieces.count else { return nil }
        return pieces[index].part(offset..<offset + min(limit, remaining, pieces[index].count - offset))
    }

    /// - Parameter count: At most that of the part that comes next.
    mutating func advance(by count: UInt64) {
        offset += count
        remaining -= count
        skipFinishedPieces()
    }

    private mutating func skipFinishedPieces() {
        while index < pieces.count, offset >= pieces[index].count {
            offset -= pieces[index].count
            index += 1
        }
    }
}

extension Content.Piece {
    /// A part of the piece, by offset in it.
    fileprivate func part(_ range: Range<UInt64>) -> Content.Piece {
        switch self {
        case .file(let file, let whole):
            .file(file, range: whole.lowerBound + range.lowerBound..<whole.lowerBound + range.upperBound)
        case .bytes(let bytes):
            .bytes(Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)]))
        }
    }
}
