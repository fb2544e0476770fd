#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Replaces files so that every reader, and every restart after a power cut, sees the old or the new one whole; and
/// makes them longer.
package enum AtomicFile {
    package struct Failure: Error, CustomStringConvertible {
        var action: String
        var reason: String
        package var description: String { "\(action): \(reason)" }

        init(_ action: String, errno: CInt) {
            self.action = action
            reason = String(cString: strerror(errno))
        }

        init(_ action: String, reason: String) {
            self.action = action
            self.reason = reason
        }
    }

    /// An open file that is written from its offset on.
    package struct Output {
        fileprivate let descriptor: CInt
        fileprivate let path: String

        package func append(_ bytes: [UInt8]) throws(Failure) {
            var offset = 0
            while offset < bytes.count {
                let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + offset, $0.count - offset) }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw Failure("write \(path)", errno: errno) }
                offset += count
            }
        }

        fileprivate func flush() throws(Failure) {
            guard fsync(descriptor) == 0 else { throw Failure("flush \(path)", errno: errno) }
        }
    }

    /// Writes a file beside `path`, flushes it, renames it over `path` and flushes the directory.
    package static func replace(_ path: String, mode: mode_t = 0o640, _ body: (Output) throws -> Void) throws {
        let temporary = "\(path).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Failure("open \(temporary)", errno: errno) }
        let output = Output(descriptor: descriptor, path: temporary)
        do {
            try body(output)
            try output.flush()
        } catch {
            close(descriptor)
            unlink(temporary)
            throw error
        }
        guard close(descriptor) == 0 else { throw Failure("close \(temporary)", errno: errno) }
        guard rename(temporary, path) == 0 else { throw Failure("rename \(temporary)", errno: errno) }
        let slash = path.lastIndex(of: "/")
        let directory = open(slash.map { String(path[...$0]) } ?? ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return }
        fsync(directory)
        close(directory)
    }

    /// Writes behind what `path` holds, and flushes it.
    ///
    /// - Parameter length: how long the file has to be before.
    static func append(to path: String, length: Int, _ body: (Output) throws -> Void) throws {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure("open \(path)", errno: errno) }
        defer { close(descriptor) }
        guard lseek(descriptor, 0, SEEK_END) == off_t(length) else {
            throw Failure("write \(path)", reason: "it does not end where it did")
        }
        let output = Output(descriptor: descriptor, path: path)
        try body(output)
        try output.flush()
    }
}
