#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// An open file that any number of threads read and write at places of their own; it closes itself.
final class SharedFile: Sendable {
    /// What errors call it.
    let path: String
    private let descriptor: CInt

    /// O_TMPFILE of open(2), whose macro Swift does not see: linux/fcntl.h (asm-generic).
    private static let unnamed = 0o20000000 | O_DIRECTORY

    /// Opens a regular file for reading.
    init(reading path: String) throws(BuildError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("cannot open \(path)") }
    }

    /// A file without a name: whatever ends this process removes it.
    init(unnamedIn directory: DataDirectory) throws(BuildError) {
        path = "an unnamed file in \(directory.path)"
        let descriptor = open(directory.path, Self.unnamed | O_RDWR | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 {
            self.descriptor = descriptor
            return
        }
        // File systems without O_TMPFILE: a name that is gone at once.
        guard errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL else {
            throw .system("cannot write in \(directory.path)")
        }
        let name = "\(directory.path)/.\(String(UInt64.random(in: .min ... .max), radix: 36)).tmp"
        self.descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard self.descriptor >= 0 else { throw .system("cannot write in \(directory.path)") }
        unlink(name)
    }

    deinit { close(descriptor) }

    /// In bytes.
    /// - Throws: when it is no regular file.
    var size: UInt64 {
        get throws(BuildError) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw .system("cannot read \(path)") }
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw BuildError(.invalidInput, "cannot read \(path): it is not a file")
            }
            return UInt64(status.st_size)
        }
    }

    /// Fills `buffer` with the bytes from `offset` on.
    /// - Throws: also when the file ends before.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(BuildError) {
        var filled = 0
        while filled < buffer.count {
            let count = pread(descriptor, buffer.baseAddress! + filled, buffer.count - filled, off_t(offset) + filled)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system("cannot read \(path)") }
            guard count > 0 else { throw BuildError(.corrupt, "cannot read \(path): it ends before it should") }
            filled += count
        }
    }

    /// - Parameter attempt: how errors begin; nil for `cannot write` and the file's name.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64, attempt: String? = nil) throws(BuildError) {
        var written = 0
        while written < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress! + written, bytes.count - written, off_t(offset) + written)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system(attempt ?? "cannot write \(path)") }
            written += count
        }
    }
}
