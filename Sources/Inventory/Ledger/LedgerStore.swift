import Foundation
internal import GRDB
import Synchronization
import Vocabulary

/// What is acknowledged on the wire, on disk before it is acknowledged: leases, boots, machine states, events.
///
/// One thread writes. Callers hand it rows and a completion; it takes all that waits, writes it in one durable
/// transaction (WAL, `synchronous=FULL`) and then calls the completions, so that a thousand callers pay for one fsync.
/// Thread-safe: the queue has its own lock, the connection belongs to the thread.
public final class LedgerStore: Sendable {
    public struct Configuration: Sendable {
        /// Calls that may wait to be written; one more is refused at once.
        public var capacity = 16_384
        /// Rows in one transaction: bounds how long the last of a storm waits for the first.
        public var rowsPerCommit = 2_048
        /// Seconds without a commit after which the write-ahead log is copied into the database file.
        public var quiet: Double = 1
        /// Pages of the write-ahead log at which a commit copies them even in a storm: 64 MiB.
        public var pagesPerCheckpoint = 16_384
        /// Rows that are kept in memory for the copy in the inventory.
        public var recentRows = 32_768
        /// Seconds to wait for a lock that another program holds.
        public var busyTimeout: Double = 5
        public var retention = LedgerRetention()

        public init() {}
    }

    public let path: String
    private let file: DatabaseFile
    private let opened: DatabaseFile.Identity?
    private let queue: DatabaseQueue
    private let pending: WriteQueue
    private let recent: RecentChanges
    private let failureState = Mutex<InventoryError?>(nil)
    private let configuration: Configuration

    /// Opens the ledger, made when there is none, and starts its thread.
    ///
    /// - Throws: `InventoryError`: `.corrupt` for a damaged file, which is left as it is; `.unavailable` for one that
    ///   cannot be opened or written.
    public init(path: String, configuration: Configuration = Configuration()) throws {
        self.path = path
        self.configuration = configuration
        file = DatabaseFile(path: path, subject: "ledger")
        pending = WriteQueue(capacity: configuration.capacity)
        var seq: Int64 = 0
        do {
            var database = GRDB.Configuration()
            database.label = "muster.ledger"
            database.busyMode = .timeout(configuration.busyTimeout)
            database.journalMode = .wal
            database.prepareDatabase { [pages = configuration.pagesPerCheckpoint] db in
                try db.execute(sql: "PRAGMA wal_autocheckpoint = \(pages)")
            }
            queue = try DatabaseQueue(path: path, configuration: database)
            // Only now: opening in WAL mode ends with NORMAL, which flushes at checkpoints and not at commits.
            try queue.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA synchronous = FULL") }
            try LedgerSchema.migrator.migrate(queue)
            seq = try queue.read(LedgerSchema.lastSeq)
        } catch {
            throw file.explain(error, while: "open")
        }
        opened = file.identity
        recent = RecentChanges(after: seq, limit: configuration.recentRows)
        start(after: seq)
    }

    /// False from a write that failed until one succeeds. While it is false nothing new may be granted.
    public var isHealthy: Bool { failure == nil }
    /// Why the last write failed; nil when it did not.
    public var failure: InventoryError? { failureState.withLock { $0 } }

    /// Writes rows together, and then calls `done` once, on the ledger's thread: with true when they are on disk, with
    /// false when nothing of them counts. Returns at once.
    public func commit(_ rows: [LedgerRow], done: @escaping @Sendable (_ written: Bool) -> Void) {
        if !pending.append(.init(rows: rows, done: done)) { done(false) }
    }

    /// Writes rows together and waits until they are on disk.
    ///
    /// - Throws: `InventoryError` when they could not be written; nothing of them counts then.
    public func commit(_ rows: [LedgerRow]) async throws {
        let written = await withCheckedContinuation { continuation in
            commit(rows) { continuation.resume(returning: $0) }
        }
        guard written else {
            throw failure
                ?? InventoryError(.overloaded, "the ledger \(path) takes no more: too much waits to be written")
        }
    }

    /// All that a restart begins with.
    public func load() throws -> LedgerState {
        do {
            return try queue.read(LedgerState.init(reading:))
        } catch {
            throw file.explain(error, while: "read")
        }
    }

    /// A way to read beside the writer: connections of their own, so that no list slows a commit.
    public func reader() throws -> LedgerReader { try LedgerReader(path: path, recent: recent) }

    /// The number of the last change.
    public var position: Int64 { recent.position }

    /// Writes what waits, then ends the thread and closes the file. Later commits are refused.
    public func close() {
        pending.close()
        pending.waitUntilFinished()
        try? queue.close()
    }

    deinit { pending.close() }
}

// MARK: The writer's thread

extension LedgerStore {
    private func start(after seq: Int64) {
        let thread = Thread { [queue, pending, recent, file, opened, configuration, weak self] in
            var writer = LedgerWriter(queue: queue, file: file, opened: opened, seq: seq, configuration: configuration)
            while true {
                if writer.hasLog, !pending.waitForMore(seconds: configuration.quiet) { writer.checkpoint() }
                guard let batch = pending.takeAll(atMost: configuration.rowsPerCommit) else { break }
                let before = writer.seq
                let failure = writer.write(batch)
                if failure == nil { recent.append(batch, after: before) }
                self?.failureState.withLock { $0 = failure }
                for call in batch { call.done(failure == nil) }
                if failure == nil { writer.pruneIfDue() }
            }
            writer.end()
            pending.finished()
        }
        thread.name = "muster-ledger"
        thread.start()
    }
}

/// The state of the writing thread: the connection and the number of the last change.
private struct LedgerWriter {
    let queue: DatabaseQueue
    let file: DatabaseFile
    let opened: DatabaseFile.Identity?
    var seq: Int64
    let configuration: LedgerStore.Configuration
    var rows: LedgerRowWriter?
    var rowsSincePruning = 0
    /// Something was written that is not in the database file itself yet.
    var hasLog = false

    /// One durable transaction; what went wrong, when it did.
    mutating func write(_ batch: [WriteQueue.Call]) -> InventoryError? {
        var next = seq
        do {
            try file.check(still: opened)
            try queue.writeWithoutTransaction { db in
                let rows = try rows ?? LedgerRowWriter(db)
                self.rows = rows
                try db.inTransaction(.immediate) {
                    for call in batch {
                        for row in call.rows {
                            next += 1
                            try rows.write(row, seq: next)
                        }
                    }
                    return .commit
                }
            }
        } catch {
            return file.explain(error, while: "write to")
        }
        rowsSincePruning += Int(next - seq)
        seq = next
        hasLog = true
        return nil
    }

    /// Copies the log into the database file, while nobody waits: in a commit, two more flushes of the disk would stand
    /// before its answers. That it cannot be done now is no failure of the ledger.
    mutating func checkpoint() {
        hasLog = false
        try? queue.writeWithoutTransaction { db in _ = try db.checkpoint(.passive) }
    }

    /// Lets go of the connection's statements.
    mutating func end() { rows = nil }

    /// Old rows go in small steps between commits. That it cannot be done now is no failure of the ledger.
    mutating func pruneIfDue() {
        guard rowsSincePruning >= configuration.retention.stride else { return }
        rowsSincePruning = 0
        try? queue.write { [retention = configuration.retention, seq] db in try retention.prune(db, before: seq) }
    }
}
