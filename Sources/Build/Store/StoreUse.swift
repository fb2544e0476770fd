#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Says that somebody uses the store, until this object is gone: many make images or write them out at the same time, and
/// who collects is alone. The system takes it back when the process dies.
package final class StoreUse: Sendable {
    private let descriptor: CInt

    /// - Returns: nil when that is impossible now.
    init?(in directory: DataDirectory, alone: Bool) throws(BuildError) {
        let path = "\(directory.path)/.use"
        descriptor = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system("cannot open \(path)") }
        DataDirectory.adopt(path)
        while flock(descriptor, (alone ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return nil }
            guard errno == EINTR else { throw .system("cannot lock \(path)") }
        }
    }

    deinit {
        end()
        close(descriptor)
    }

    /// Ends it before. Closing alone would not: a program that is being started has the descriptor too, until it runs.
    package func end() { _ = flock(descriptor, LOCK_UN) }
}

extension ImageStore {
    /// For whoever stores blobs and names them afterwards.
    /// - Throws: `BuildError` while somebody collects.
    package func use() throws -> StoreUse {
        guard let use = try StoreUse(in: directory, alone: false) else {
            throw BuildError(.unavailable, "images are being collected in this data directory; try again in a moment")
        }
        return use
    }
}
