#if canImport(Glibc)
import Glibc
#endif
#if canImport(System)
import System
#else
import SystemPackage
#endif

/// An open file with a name of its own, removed and closed when nobody holds it any more.
final class TemporaryFile: Sendable {
    let path: String
    let descriptor: FileDescriptor

    /// - Throws: `BuildError` when `directory` takes no file.
    init(in directory: String) throws {
        var template = Array("\(directory)/.muster-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        guard descriptor >= 0 else {
            throw BuildError(.unavailable, "cannot write in \(directory): \(String(cString: strerror(errno)))")
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        self.descriptor = FileDescriptor(rawValue: descriptor)
    }

    deinit {
        unlink(path)
        try? descriptor.close()
    }
}
