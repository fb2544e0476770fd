#if canImport(Glibc)
import Glibc
#endif

/// A lock file that is held as long as this object lives, against other processes and other holders in this one.
package final class FileLock: Sendable {
    private let descriptor: CInt

    private init(descriptor: CInt) { self.descriptor = descriptor }

    deinit {
        // A program that is being started has the descriptor too, until it runs: closing alone would not let go.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Waits, without blocking a thread, until nobody else holds the lock.
    package static func acquire(path: String) async throws -> FileLock {
        while true {
            if let lock = try tryAcquire(path: path) { return lock }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Waits on this thread: for locks that are held for milliseconds.
    package static func wait(path: String) throws -> FileLock {
        try lock(path: path, operation: LOCK_EX)!
    }

    /// The lock, or nil when somebody else holds it.
    package static func tryAcquire(path: String) throws -> FileLock? {
        try lock(path: path, operation: LOCK_EX | LOCK_NB)
    }

    private static func lock(path: String, operation: CInt) throws -> FileLock? {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw BuildError(.unavailable, "cannot open the lock \(path): \(String(cString: strerror(errno)))")
        }
        // The server takes what root's commands took before.
        DataDirectory.adopt(path)
        let lock = FileLock(descriptor: descriptor)
        while flock(descriptor, operation) != 0 {
            if errno == EWOULDBLOCK { return nil }
            guard errno == EINTR else {
                throw BuildError(.unavailable, "cannot lock \(path): \(String(cString: strerror(errno)))")
            }
        }
        return lock
    }
}
