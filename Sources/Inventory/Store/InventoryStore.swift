import Foundation
internal import GRDB
import Synchronization
import Vocabulary

/// What people wrote, in `inventory.sqlite`.
///
/// Every commit is handed to `observer` exactly as it was committed, in order, before the next begins. When the file
/// cannot be read or written every call throws an `InventoryError` that says why; `reopen()` tries again. Thread-safe:
/// the pool serialises writers, `state` has its own lock.
public final class InventoryStore: Sendable {
    public typealias Observer = @Sendable (InventoryDelta) -> Void

    public let path: String
    private let file: DatabaseFile
    private let observer: Observer
    private let busyTimeout: Double
    /// How much of the ledger's past the copy keeps.
    let retention: LedgerRetention
    private let state: Mutex<Open?>

    private struct Open: Sendable {
        var pool: DatabasePool
        var identity: DatabaseFile.Identity?
        /// The write-ahead log that belongs to it.
        var log: DatabaseFile.Identity?
        var header: DatabaseHeader?

        /// Readers first: SQLite takes the log away with the last connection, and only with one that may write.
        func close() {
            pool.invalidateReadOnlyConnections()
            try? pool.close()
        }
    }

    /// Opens the inventory, made when there is none.
    ///
    /// - Parameters:
    ///   - busyTimeout: seconds to wait for a lock that another program holds.
    ///   - retention: how much of the ledger's past its copy here keeps.
    ///   - observer: called on the writer's thread after each commit; must not call the store.
    /// - Throws: `InventoryError`: `.corrupt` for a damaged file, which is left as it is; `.unavailable` for one that
    ///   cannot be opened or written.
    public init(
        path: String,
        busyTimeout: Double = 5,
        retention: LedgerRetention = LedgerRetention(),
        observer: @escaping Observer = { _ in }
    ) throws {
        self.path = path
        self.observer = observer
        self.busyTimeout = busyTimeout
        self.retention = retention
        file = DatabaseFile(path: path, subject: "inventory")
        state = Mutex(try Self.open(file, busyTimeout: busyTimeout))
    }

    /// Opens the file anew: after it was put back, replaced or unlocked. A file that is not there is made empty; one
    /// that is damaged or protected is left as it is, and the store as it was.
    public func reopen() throws {
        let known = state.withLock { $0 }
        let isSame = known?.identity != nil && known?.identity == file.identity
        try file.checkUsable(isSame ? known?.header : DatabaseHeader(path: path))
        let old = state.withLock { open in
            defer { open = nil }
            return open
        }
        old?.close()
        // A log of the file that was here before would be taken for part of the one that is here now.
        if let old, let log = old.log, file.identity != old.identity, DatabaseFile.identity(of: path + "-wal") == log {
            for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        }
        let new = try Self.open(file, busyTimeout: busyTimeout, header: isSame ? known?.header : nil)
        state.withLock { $0 = new }
    }

    public func close() {
        let old = state.withLock { open in
            defer { open = nil }
            return open
        }
        old?.close()
    }

    /// Renames a damaged file (and what belongs to it) so that a new one can be made in its place. Only ever called
    /// because somebody asked for it.
    ///
    /// - Returns: the new name.
    public static func moveAside(_ path: String, at time: Timestamp) throws -> String {
        let target = "\(path).damaged-\(time.milliseconds)"
        do {
            try FileManager.default.moveItem(atPath: path, toPath: target)
            for suffix in ["-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
                try FileManager.default.moveItem(atPath: path + suffix, toPath: target + suffix)
            }
        } catch {
            throw InventoryError(.unavailable, "cannot move \(path) aside to \(target)", cause: error)
        }
        return target
    }

    /// - Parameter header: the file's, when it was open before: it must not be closed while the file is open again.
    private static func open(
        _ file: DatabaseFile,
        busyTimeout: Double,
        header: DatabaseHeader? = nil
    ) throws -> Open {
        try file.checkUsable(header ?? DatabaseHeader(path: file.path))
        do {
            var configuration = Configuration()
            configuration.label = "muster.inventory"
            configuration.busyMode = .timeout(busyTimeout)
            configuration.maximumReaderCount = 4
            let pool = try DatabasePool(path: file.path, configuration: configuration)
            // Only now: a pool opens with NORMAL, with which a power cut takes back what somebody was told is done.
            try pool.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA synchronous = FULL") }
            try InventorySchema.migrator.migrate(pool)
            return Open(
                pool: pool,
                identity: file.identity,
                log: DatabaseFile.identity(of: file.path + "-wal"),
                header: header ?? DatabaseHeader(path: file.path)
            )
        } catch {
            throw file.explain(error, while: "open")
        }
    }
}

// MARK: Access

extension InventoryStore {
    private func opened() throws -> Open {
        guard let open = state.withLock({ $0 }) else {
            throw InventoryError(.unavailable, "the inventory \(path) is closed")
        }
        try file.check(still: open.identity)
        return open
    }

    private func writable() throws -> Open {
        let open = try opened()
        try file.checkUsable(open.header)
        return open
    }

    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do {
            return try await opened().pool.read(body)
        } catch {
            throw file.explain(error, while: "read")
        }
    }

    /// One commit and its delta; nothing is committed, and nobody told, when `body` throws, changes nothing, or
    /// `isDryRun` is set.
    @discardableResult
    func commit(
        isDryRun: Bool = false,
        _ body: @escaping @Sendable (inout InventoryTransaction) throws -> Void
    ) async throws -> [ResourceDiff] {
        do {
            return try await writable().pool.writeWithoutTransaction { [observer] db in
                var delta: InventoryDelta?
                var diffs: [ResourceDiff] = []
                try db.inTransaction(.immediate) {
                    var transaction = InventoryTransaction(db)
                    try body(&transaction)
                    diffs = transaction.diffs
                    guard !isDryRun, !transaction.changes.isEmpty else { return .rollback }
                    let sequence = try InventorySchema.value(of: .commit, db) + 1
                    try InventorySchema.set(.commit, to: sequence, db)
                    delta = InventoryDelta(sequence: sequence, changes: transaction.changes)
                    return .commit
                }
                if let delta { observer(delta) }
                return diffs
            }
        } catch {
            throw file.explain(error, while: "write to")
        }
    }

    /// Writes that are no change of what people wrote: the ledger's copy.
    func write(_ body: @escaping @Sendable (Database) throws -> Void) async throws {
        do {
            try await writable().pool.write(body)
        } catch {
            throw file.explain(error, while: "write to")
        }
    }
}
