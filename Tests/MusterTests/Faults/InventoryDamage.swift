import Foundation
import GRDB
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// What can happen to `inventory.sqlite` behind the server's back.
enum InventoryDamage: String, CaseIterable, CustomTestStringConvertible {
    case deleted, locked, overwritten, readOnly, immutable

    var testDescription: String { rawValue }

    /// What people are told: words of what is wrong, and of its cure.
    var words: [String] {
        switch self {
        case .deleted: ["is gone", "put it back"]
        case .locked: ["another program holds its lock"]
        case .overwritten: ["damaged", "restore"]
        case .readOnly, .immutable: ["read-only", "chmod"]
        }
    }
}

/// Does the damage and undoes it.
final class InventoryDamager {
    private let path: String
    private let backup: String
    private var holder: DatabaseQueue?

    init(_ server: FaultServer) throws {
        path = server.data + "/inventory.sqlite"
        backup = server.directory.path + "/backup.sqlite"
    }

    deinit { try? attribute("-i") }

    func inflict(_ damage: InventoryDamage) throws {
        try DatabaseQueue(path: path).backup(to: DatabaseQueue(path: backup))
        switch damage {
        case .deleted:
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        case .locked:
            var configuration = GRDB.Configuration()
            configuration.allowsUnsafeTransactions = true
            holder = try DatabaseQueue(path: path, configuration: configuration)
            try holder?.writeWithoutTransaction { try $0.execute(sql: "BEGIN EXCLUSIVE") }
        case .overwritten:
            // In place, as a stray `dd` does.
            let handle = try #require(FileHandle(forWritingAtPath: path))
            try handle.write(contentsOf: Data(repeating: 0x5a, count: 65_536))
            try handle.close()
        case .readOnly: chmod(path, 0o444)
        case .immutable: try attribute("+i")
        }
    }

    func repair(_ damage: InventoryDamage) throws {
        switch damage {
        case .deleted, .overwritten:
            let new = path + ".restored"
            try FileManager.default.copyItem(atPath: backup, toPath: new)
            let nobody = try #require(getpwnam("nobody")).pointee
            chown(new, nobody.pw_uid, nobody.pw_gid)
            rename(new, path)
        case .locked:
            try holder?.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
            holder = nil
        case .readOnly: chmod(path, 0o640)
        case .immutable: try attribute("-i")
        }
    }

    private func attribute(_ change: String) throws {
        try Finished(running: ["chattr", change, path]).succeeded()
    }
}
