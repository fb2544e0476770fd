import Vocabulary

#if canImport(Glibc)
import Glibc
#endif

/// The bytes of a resource: regions of open files and short literals, in order.
public struct Content: Sendable {
    public enum Piece: Sendable {
        case file(OpenFile, range: Range<UInt64>)
        case bytes([UInt8])

        public var count: UInt64 {
            switch self {
            case .file(_, let range): UInt64(range.count)
            case .bytes(let bytes): UInt64(bytes.count)
            }
        }
    }

    public var pieces: [Piece]
    /// The sum of the pieces, in bytes.
    public let length: UInt64
    /// The digest of the bytes, or of what they are made from in a fixed way; the strong ETag.
    public var digest: Digest?
    public var mediaType: String
    /// True when the name contains the digest: the bytes under that name never change.
    public var isImmutable: Bool

    public init(pieces: [Piece], digest: Digest?, mediaType: String, isImmutable: Bool) {
        self.pieces = pieces
        self.length = pieces.reduce(0) { $0 + $1.count }
        self.digest = digest
        self.mediaType = mediaType
        self.isImmutable = isImmutable
    }
}

/// An open, read-only file that is closed when nobody holds it any more. Its bytes do not change while it is open:
/// blobs and loaders are replaced by rename, never written in place.
public final class OpenFile: Sendable {
    public let descriptor: CInt
    public let length: UInt64

    /// - Throws: `Errno`-like `OpenFile.Failure` with the path and what the system said.
    public init(path: String) throws(Failure) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(path: path, errno: errno) }
        var status = stat()
        let code = fstat(descriptor, &status) == 0 ? 0 : errno
        guard code == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw Failure(path: path, errno: code == 0 ? EISDIR : code)
        }
        self.descriptor = descriptor
        self.length = UInt64(status.st_size)
    }

    deinit { close(descriptor) }

    public struct Failure: Error, CustomStringConvertible {
        public let path: String
        public let errno: CInt
        public var description: String { "cannot open \(path): \(String(cString: strerror(errno)))" }
    }
}
