#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Replaces files so that every reader, and every restart after a power cut, sees the old or the new one whole.
enum AtomicFile {
    struct Failure: Error, CustomStringConvertible {
        var action: String
        var errno: CInt
        var description: String { "\(action): \(String(cString: strerror(errno)))" }
    }

    /// Writes a file beside `path`, flushes it, renames it over `path` and flushes the directory.
    static func replace(_ path: String, with bytes: [UInt8]) throws(Failure) {
        let temporary = "\(path).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw Failure(action: "open \(temporary)", errno: errno) }
        do {
            try write(bytes, to: descriptor, path: temporary)
        } catch {
            close(descriptor)
            unlink(temporary)
            throw error
        }
        guard close(descriptor) == 0 else { throw Failure(action: "close \(temporary)", errno: errno) }
        guard rename(temporary, path) == 0 else { throw Failure(action: "rename \(temporary)", errno: errno) }
        let slash = path.lastIndex(of: "/")
        let directory = open(slash.map { String(path[...$0]) } ?? ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return }
        fsync(directory)
        close(directory)
    }

    private static func write(_ bytes: [UInt8], to descriptor: CInt, path: String) throws(Failure) {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress! + offset, $0.count - offset, off_t(offset))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure(action: "write \(path)", errno: errno) }
            offset += count
        }
        guard fsync(descriptor) == 0 else { throw Failure(action: "flush \(path)", errno: errno) }
    }
}
