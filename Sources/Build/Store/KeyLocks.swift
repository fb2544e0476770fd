import Vocabulary

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Locks by digest, against other holders in this process and in all others: byte ranges of one file, which the system
/// gives back when a holder dies (Linux, fcntl_locking(2): open file description locks).
struct KeyLocks: Sendable {
    private let path: String

    init(directory: DataDirectory) { path = "\(directory.path)/.lock" }

    /// A lock that is held until `release`, or as long as it lives.
    final class Held: Sendable {
        private let descriptor: CInt

        fileprivate init(descriptor: CInt) { self.descriptor = descriptor }

        deinit { close(descriptor) }

        /// Does nothing itself: it keeps the lock alive until here.
        func release() { withExtendedLifetime(self) {} }
    }

    /// Waits, without blocking a thread, until nobody else holds the lock of `key`.
    /// - Throws: `CancellationError`, and `BuildError` when the file cannot be made.
    func acquire(_ key: Digest) async throws -> Held {
        while true {
            if let lock = try tryAcquire(key) { return lock }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// The lock, or nil when somebody else holds it.
    func tryAcquire(_ key: Digest) throws -> Held? {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw BuildError.system("cannot open the lock \(path)") }
        DataDirectory.adopt(path)
        let held = Held(descriptor: descriptor)
        var range = flock()
        range.l_type = Int16(F_WRLCK)
        range.l_whence = Int16(SEEK_SET)
        // Two keys on one byte wait for each other once in 2^62: that is no harm.
        range.l_start = off_t(key.octets.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } >> 2)
        range.l_len = 1
        while fcntl(descriptor, Self.setLock, &range) != 0 {
            if errno == EAGAIN || errno == EACCES { return nil }
            guard errno == EINTR else { throw BuildError.system("cannot lock \(path)") }
        }
        return held
    }

    /// F_OFD_SETLK, which Swift's import of fcntl.h leaves out.
    private static let setLock: CInt = 37
}
