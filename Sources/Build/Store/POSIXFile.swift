#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// One open file that closes itself; every error names the path and says what the system said.
///
/// Not `Sendable`: whoever opened it uses it, on one thread at a time.
final class POSIXFile {
    let path: String
    let descriptor: CInt

    /// - Parameter flags: as open(2) takes them; `O_CLOEXEC` is added.
    init(_ path: String, flags: CInt, mode: mode_t = 0o644) throws(BuildError) {
        self.path = path
        descriptor = open(path, flags | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw .system("cannot open \(path)") }
    }

    deinit { close(descriptor) }

    /// Bytes of the file, which has to be a regular one.
    func regularSize() throws(BuildError) -> UInt64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("cannot read \(path)") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw BuildError(.invalidInput, "cannot read \(path): it is not a file")
        }
        return UInt64(status.st_size)
    }

    /// Fills `buffer` as far as the file goes; fewer bytes than asked mean the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(BuildError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let count = Glibc.read(descriptor, buffer.baseAddress! + filled, buffer.count - filled)
            if count < 0 {
                if errno == EINTR { continue }
                throw .system("cannot read \(path)")
            }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(BuildError) {
        var written = 0
        while written < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
            if count < 0 {
                if errno == EINTR { continue }
                throw .system("cannot write \(path)")
            }
            written += count
        }
    }

    /// Waits until the bytes are on the disk.
    func synchronize() throws(BuildError) {
        guard fsync(descriptor) == 0 else { throw .system("cannot write \(path)") }
    }
}

extension BuildError {
    /// `attempt`, and what `errno` means; call at once after the failed call.
    static func system(_ attempt: String, code: CInt = errno) -> BuildError {
        if code == ENOSPC || code == EDQUOT {
            return BuildError(.unavailable, "\(attempt): there is no space left on the disk; free some and try again")
        }
        return BuildError(code == ENOENT ? .notFound : .unavailable, "\(attempt): \(String(cString: strerror(code)))")
    }
}
