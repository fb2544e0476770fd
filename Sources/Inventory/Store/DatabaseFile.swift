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
    var identity: Identity? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    /// - Throws: `InventoryError.Code.unavailable` when the file is not the one that was opened.
    func check(still opened: Identity?) throws {
        guard let opened, identity != opened else { return }
        let what = identity == nil ? "was deleted" : "was replaced"
        throw InventoryError(
            .unavailable,
            "\(subject) \(path) \(what) while it was in use: what is written now would be lost; restart the server"
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
            return InventoryError(
                .corrupt,
                prefix + "the file is damaged (\(said)); it was left as it is: restore it, or move it aside",
                cause: error
            )
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return InventoryError(.unavailable, prefix + "another program holds its lock", cause: error)
        case .SQLITE_READONLY, .SQLITE_PERM:
            return InventoryError(.unavailable, prefix + "the file or its directory is read-only", cause: error)
        case .SQLITE_FULL:
            return InventoryError(.unavailable, prefix + "the disk is full", cause: error)
        default:
            return InventoryError(.unavailable, prefix + said, cause: error)
        }
    }
}
