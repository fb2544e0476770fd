import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A hidden directory that files are made in before they appear beside it; gone with this object.
///
/// It is locked for as long as somebody works in it, so that what a killed process left behind can be told from what is in
/// use, and is removed by the next one.
final class WorkDirectory {
    private static let prefix = ".muster-"

    let path: String
    private let lock: POSIXFile

    /// - Parameter directory: where the files appear in the end; made when it is missing.
    init(in directory: String) throws {
        let files = FileManager.default
        try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
        // Nobody looks for leftovers between the making of a directory and its lock.
        let outer = try POSIXFile(directory, flags: O_RDONLY | O_DIRECTORY)
        while flock(outer.descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw BuildError.system("cannot lock \(directory)") }
        }
        for name in try files.contentsOfDirectory(atPath: directory) where name.hasPrefix(Self.prefix) {
            let leftover = "\(directory)/\(name)"
            guard let file = try? POSIXFile(leftover, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW),
                flock(file.descriptor, LOCK_EX | LOCK_NB) == 0
            else { continue }
            try? files.removeItem(atPath: leftover)
        }
        path = "\(directory)/\(Self.prefix)\(String(UInt64.random(in: .min ... .max), radix: 36))"
        // Roots with setuid programs are unpacked in it.
        guard mkdir(path, 0o700) == 0 else { throw BuildError.system("cannot make the directory \(path)") }
        lock = try POSIXFile(path, flags: O_RDONLY | O_DIRECTORY)
        guard flock(lock.descriptor, LOCK_EX | LOCK_NB) == 0 else { throw BuildError.system("cannot lock \(path)") }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
