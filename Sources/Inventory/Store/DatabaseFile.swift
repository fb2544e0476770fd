import Foundation
internal import GRDB

#if canImport(Glibc)
import Glibc
#endif

/// A database file on disk: what identifies it, and what its errors mean to people.
struct DatabaseFile: Sendable {
    let path: String
    /// What people call it: `inventory`, `ledger`.
    let subject: String

    /// Which file it is, whatever its name: a file that was deleted or replaced is another.
    struct Identity: Hashable, Sendable {
        var device: UInt64
        var inode: UInt64
    }

    /// nil when there is no file.
    var identity: Identity? { Self.identity(of: path) }

    /// nil when there is no file.
    static func identity(of path: String) -> Identity? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    /// Looks at what SQLite does not look at again once the file is open: its writes go to the log beside it, which
    /// takes them for a long time after the file itself was protected or overwritten.
    ///
    /// - Throws: `InventoryError`: `.unavailable` for a file that may not be written, `.corrupt` for one that does not
    ///   begin as a database does.
    func checkUsable(_ header: DatabaseHeader?) throws {
        let prefix = "cannot use \(subject) \(path): "
        if access(path, W_OK) != 0, [EACCES, EPERM, EROFS].contains(errno) { throw readOnly(prefix, nil) }
        if header?.isIntact == false { throw damaged(prefix, "it does not begin as a database does", nil) }
    }

    /// - Throws: `InventoryError.Code.unavailable` when the file is not the one that was opened.
    func check(still opened: Identity?) throws {
        guard let opened, identity != opened else { return }
        let isGone = identity == nil
        throw InventoryError(
            .unavailable,
            "\(subject) \(path) \(isGone ? "is gone: it was deleted" : "was replaced") while it was in use, and what is "
                + "written now would be lost; put it back, and restart the server if this goes on"
        )
    }

    /// The same error in words for the person who looks after the server.
    func explain(_ error: any Error, while action: String) -> InventoryError {
        if let error = error as? InventoryError { return error }
        let prefix = "cannot \(action) \(subject) \(path): "
        guard let error = error as? DatabaseError else {
            return InventoryError(.unavailable, prefix + "\(error)", cause: error)
        }
        let said = error.message ?? error.resultCode.description
        switch error.resultCode {
        case .SQLITE_NOTADB, .SQLITE_CORRUPT:
            return damaged(prefix, said, error)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return InventoryError(
                .unavailable,
                prefix + "another program holds its lock; end that program (`fuser -v \(path)` names it)",
                cause: error
            )
        case .SQLITE_READONLY, .SQLITE_PERM:
            return readOnly(prefix, error)
        case .SQLITE_FULL:
            return InventoryError(.unavailable, prefix + "the disk is full; make room on it", cause: error)
        default:
            return InventoryError(.unavailable, prefix + said, cause: error)
        }
    }

    private func damaged(_ prefix: String, _ reason: String, _ cause: (any Error)?) -> InventoryError {
        InventoryError(
            .corrupt,
            prefix + "the file is damaged (\(reason)); it was left as it is: restore it from a copy, without the -wal "
                + "and -shm files that are beside it now, or move all three aside",
            cause: cause
        )
    }

    private func readOnly(_ prefix: String, _ cause: (any Error)?) -> InventoryError {
        InventoryError(
            .unavailable,
            prefix + "the file or its directory is read-only; let the server's user write to both (chmod, chattr -i, "
                + "mount -o remount,rw)",
            cause: cause
        )
    }
}
