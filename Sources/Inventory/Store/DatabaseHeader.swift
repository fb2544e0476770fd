#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A look at the first bytes of a database file that SQLite has open: it reads and writes its log for a long time
/// before it notices that the file itself was overwritten.
///
/// Holds a descriptor of its own for as long as the database is open, because closing any descriptor of a file gives up
/// the process's locks on it, SQLite's too (https://sqlite.org/howtocorrupt.html, 2.2).
final class DatabaseHeader: Sendable {
    private let descriptor: CInt

    /// How every SQLite file begins (https://sqlite.org/fileformat.html, 1.3).
    private static let magic = Array("SQLite format 3\0".utf8)

    /// nil for a file that cannot be read.
    init?(path: String) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Whether the file begins as a database does, or is empty, as a new one is. What cannot be read is SQLite's to say.
    var isIntact: Bool {
        var bytes = [UInt8](repeating: 0, count: Self.magic.count)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return count <= 0 || bytes == Self.magic
    }
}
