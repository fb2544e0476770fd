#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A file that is taken away from where it stands, to get another end: writing a large file anew costs more than making
/// what changed in it.
///
/// Nobody sees it half written: it is moved to where nobody looks, and back when it is whole. If this process is killed in
/// between there is none under its name, and the next build writes it.
final class FilePatch {
    private let path: String
    private let away: String
    private let file: POSIXFile

    /// - Parameter work: on the same file system, and nobody else's.
    /// - Returns: nil for a file that somebody has open, or that has other names: they would see it change. It stands
    ///   where it stood then.
    init?(of path: String, in work: String) throws {
        self.path = path
        away = "\(work)/patched"
        guard rename(path, away) == 0 else { return nil }
        var status = stat()
        guard let file = try? POSIXFile(away, flags: O_WRONLY | O_NOFOLLOW), fstat(file.descriptor, &status) == 0,
            status.st_nlink == 1, Self.isAlone(file)
        else {
            guard rename(away, path) == 0 else { throw BuildError.system("cannot write \(path)") }
            return nil
        }
        self.file = file
    }

    /// Makes the file hold `contents`, whose first `shared` blobs it holds already, and puts it back.
    func apply(_ contents: Concatenation, keeping shared: Int, from store: BlobStore) throws {
        let size = try file.regularSize()
        // What it grows by is there before anything is lost.
        if contents.size > size {
            let code = posix_fallocate(file.descriptor, off_t(size), off_t(contents.size - size))
            guard code == 0 else {
                _ = ftruncate(file.descriptor, off_t(size))
                guard rename(away, path) == 0 else { throw BuildError.system("cannot write \(path)") }
                throw BuildError.system("cannot write \(path)", code: code)
            }
        }
        guard lseek(file.descriptor, off_t(contents.offset(of: shared)), SEEK_SET) >= 0 else {
            throw BuildError.system("cannot write \(path)")
        }
        try contents.write(to: file, from: store, first: shared, nil)
        guard ftruncate(file.descriptor, off_t(contents.size)) == 0, rename(away, path) == 0 else {
            throw BuildError.system("cannot write \(path)")
        }
    }

    /// Whether nobody else has the file open or mapped: only then the system gives a lease for writing (fcntl(2)).
    private static func isAlone(_ file: POSIXFile) -> Bool {
        // Who opened it right now would make the system send SIGIO, which ends processes; SIGURG does nothing.
        guard fcntl(file.descriptor, setSignal, SIGURG) == 0,
            fcntl(file.descriptor, setLease, CInt(F_WRLCK)) == 0
        else { return false }
        return fcntl(file.descriptor, setLease, CInt(F_UNLCK)) == 0
    }

    /// F_SETSIG and F_SETLEASE, which Swift's import of fcntl.h leaves out.
    private static let setSignal: CInt = 10
    private static let setLease: CInt = 1024
}
