import Foundation
internal import GRDB
import Synchronization
import Vocabulary

/// What is acknowledged on the wire, on disk before it is acknowledged: leases, boots, machine states, events.
///
/// Callers hand over rows and a completion. One thread takes all that waits and writes it in one transaction; a second
/// flushes the write-ahead log for all that was written meanwhile, and calls the completions. So a thousand callers pay
/// for one flush of the disk, and the next thousand are written while it lasts. Thread-safe: the queues have their own
/// locks, the connection belongs to the first thread and the log to the second.
public final class LedgerStore: Sendable {
    public struct Configuration: Sendable {
        /// Calls that may wait to be written; one more is refused at once.
        public var capacity = 16_384
        /// Rows in one transaction: bounds how long the last of a storm waits for the first.
        public var rowsPerCommit = 2_048
        /// Seconds without a commit after which the write-ahead log is copied into the database file.
        public var quiet: Double = 1
        /// Bytes that the write-ahead log has from the start, where the disk has room: a storm of ten thousand boots.
        public var logSize = 32 << 20
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
    private let flusher: LedgerFlusher
    private let recent: RecentChanges
    private let failureState = Mutex<InventoryError?>(nil)
    private let configuration: Configuration
    private let warn: @Sendable (InventoryError) -> Void
    private let observe: @Sendable ([LedgerRow]) -> Void
    private let writes = Histogram()
    private let flushes = Histogram()

    /// Opens the ledger, made when there is none, and starts its thread.
    ///
    /// - Parameters:
    ///   - warn: is told, on the ledger's thread, what could not be done and loses nothing: old rows that stay, a log that
    ///     grows. It may be told the same again and again.
    ///   - observe: is told, on the ledger's thread, the rows of each call once they are on disk.
    /// - Throws: `InventoryError`: `.corrupt` for a damaged file, which is left as it is; `.unavailable` for one that
    ///   cannot be opened or written.
    public init(
        path: String,
        configuration: Configuration = Configuration(),
        warn: @escaping @Sendable (InventoryError) -> Void = { _ in },
        observe: @escaping @Sendable ([LedgerRow]) -> Void = { _ in }
    ) throws {
        self.path = path
        self.configuration = configuration
        self.warn = warn
        self.observe = observe
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
            // With NORMAL, which GRDB sets for a write-ahead log, SQLite flushes at checkpoints only; the flusher does
            // at every commit.
            try queue.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA synchronous = NORMAL") }
            try LedgerSchema.migrator.migrate(queue)
            seq = try queue.read(LedgerSchema.lastSeq)
        } catch {
            throw file.explain(error, while: "open")
        }
        opened = file.identity
        recent = RecentChanges(after: seq, limit: configuration.recentRows)
        flusher = LedgerFlusher(log: path + "-wal", limit: configuration.rowsPerCommit)
        flusher.reserve(configuration.logSize)
        start(after: seq)
    }

    /// False from a write that failed until one succeeds. While it is false nothing new may be granted.
    public var isHealthy: Bool { failure == nil }
    /// Why the last write failed; nil when it did not.
    public var failure: InventoryError? { failureState.withLock { $0 } }

    /// Writes rows together, behind those that were handed over before, and then calls `done` once: with true when they
    /// are on disk, with false when nothing of them counts. Returns at once, and never calls `done` itself: it may be called
    /// with a lock held that `done` takes.
    public func commit(_ rows: [LedgerRow], done: @escaping @Sendable (_ written: Bool) -> Void) {
        append(.init(rows: rows, done: { done($0 == .written) }))
    }

    /// What came of rows.
    public enum Outcome: Hashable, Sendable {
        case written
        /// The lease has gone to somebody else, who has this epoch: nothing was written.
        case fenced(current: Int)
        /// Nothing of them counts; `failure` says why, or too much waited to be written.
        case failed
    }

    /// Writes rows together as whoever drives, if the lease in the ledger (the row `lease` of the driver) has this epoch
    /// still; and then calls `done` once. Returns at once, as the other `commit` does.
    public func commit(_ rows: [LedgerRow], epoch: Int, done: @escaping @Sendable (Outcome) -> Void) {
        append(.init(rows: rows, epoch: epoch, done: done))
    }

    private func append(_ call: WriteQueue.Call) {
        if !pending.append(call) { DispatchQueue.global().async { call.done(.failed) } }
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

    /// How long transactions took to be written, and to be flushed to the disk.
    public var times: (write: Histogram.Snapshot, flush: Histogram.Snapshot) { (writes.snapshot, flushes.snapshot) }

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

// MARK: The two threads

extension LedgerStore {
    private func start(after seq: Int64) {
        begin("muster-ledger") { [queue, pending, flusher, file, opened, configuration, warn, writes, weak self] in
            var writer = LedgerWriter(queue: queue, file: file, opened: opened, seq: seq, configuration: configuration)
            while true {
                if writer.hasLog, !pending.waitForMore(seconds: configuration.quiet) {
                    writer.checkpoint().map(warn)
                }
                guard let batch = pending.takeAll(atMost: configuration.rowsPerCommit) else { break }
                let before = writer.seq
                var fenced: [Int: Int] = [:]
                let start = Moment.now().uptime
                let failure = flusher.failure ?? writer.write(batch, fenced: &fenced)
                writes.observe(Moment.now().uptime - start)
                self?.failureState.withLock { $0 = failure }
                if failure != nil {
                    for call in batch { call.done(.failed) }
                } else {
                    for (place, current) in fenced { batch[place].done(.fenced(current: current)) }
                    let written = fenced.isEmpty ? batch : batch.indices.filter { fenced[$0] == nil }.map { batch[$0] }
                    flusher.append(written, after: before, rows: Int(writer.seq - before))
                    writer.pruneIfDue().map(warn)
                }
            }
            writer.end()
            flusher.close()
        }
        begin("muster-flush") { [pending, flusher, recent, flushes, observe, weak self] in
            while let groups = flusher.takeAll() {
                let start = Moment.now().uptime
                let failure = flusher.flush()
                flushes.observe(Moment.now().uptime - start)
                if let failure { self?.failureState.withLock { $0 = failure } }
                for group in groups {
                    if failure == nil { recent.append(group.calls, after: group.before) }
                    for call in group.calls { call.done(failure == nil ? .written : .failed) }
                    if failure == nil { for call in group.calls { observe(call.rows) } }
                }
            }
            pending.finished()
        }
    }

    private func begin(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.name = name
        thread.start()
    }
}
