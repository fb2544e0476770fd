import Foundation
internal import GRDB
import Vocabulary

/// Looks into the ledger, by read-only connections of its own: nothing that it does holds up a commit.
public final class LedgerReader: Sendable {
    private let file: DatabaseFile
    private let pool: DatabasePool
    private let recent: RecentChanges

    /// - Parameter recent: what the writer committed last.
    /// - Throws: `InventoryError` when there is no ledger or it cannot be read.
    init(path: String, recent: RecentChanges) throws {
        self.recent = recent
        file = DatabaseFile(path: path, subject: "ledger")
        do {
            var configuration = Configuration()
            configuration.label = "muster.ledger.reader"
            configuration.readonly = true
            configuration.busyMode = .timeout(5)
            configuration.maximumReaderCount = 2
            pool = try DatabasePool(path: path, configuration: configuration)
        } catch {
            throw file.explain(error, while: "open")
        }
    }

    /// Closes its connections: before the writer's, which otherwise leaves its log beside the database.
    public func close() { try? pool.close() }

    public func leases() async throws -> [Lease] {
        try await read { try all($0, "SELECT * FROM lease ORDER BY address", Lease.init(row:)) }
    }

    /// The newest first.
    public func boots(machine: String? = nil, limit: Int = 1000) async throws -> [BootRecord] {
        let sql =
            machine == nil
            ? "SELECT * FROM boot ORDER BY id DESC LIMIT :limit"
            : "SELECT * FROM boot WHERE machine = :machine ORDER BY id DESC LIMIT :limit"
        var arguments: StatementArguments = ["limit": limit]
        if let machine { arguments += ["machine": machine] }
        return try await read { [arguments] in try all($0, sql, arguments: arguments, BootRecord.init(row:)) }
    }

    public func boot(_ id: BootID) async throws -> BootRecord? {
        try await read { try all($0, "SELECT * FROM boot WHERE id = ?", arguments: [id], BootRecord.init(row:)).first }
    }

    /// The oldest first. That its script was written is said by the boot's own row.
    public func timeline(of boot: BootID) async throws -> [TimelineEntry] {
        try await read { db in
            let sql = "SELECT * FROM timeline WHERE boot = ? ORDER BY seq"
            var entries = try all(db, sql, arguments: [boot], TimelineEntry.init(row:))
            let record = try all(db, "SELECT * FROM boot WHERE id = ?", arguments: [boot], BootRecord.init(row:)).first
            if let record { record.addScript(to: &entries) }
            return entries
        }
    }

    /// The last `limit` events, or the first `limit` after `seq`; the oldest first either way.
    public func events(since seq: Int64? = nil, limit: Int = 1000) async throws -> [EventRecord] {
        if let seq {
            let sql = "SELECT * FROM event WHERE seq > ? ORDER BY seq LIMIT ?"
            return try await read { try all($0, sql, arguments: [seq, limit], EventRecord.init(row:)) }
        }
        let sql = "SELECT * FROM event ORDER BY seq DESC LIMIT ?"
        return try await read { try all($0, sql, arguments: [limit], EventRecord.init(row:)).reversed() }
    }

    /// Machines that nobody has described, the longest waiting first.
    public func waiting() async throws -> [WaitingMachine] {
        let sql = "SELECT * FROM waiting WHERE NOT isSettled ORDER BY firstSeen, mac"
        return try await read { try all($0, sql, WaitingMachine.init(row:)) }
    }

    public func machineStates() async throws -> [MachineStateRecord] {
        try await read { try all($0, "SELECT * FROM machineState ORDER BY machine", MachineStateRecord.init(row:)) }
    }

    /// The newest rolls first.
    public func rolls(limit: Int) async throws -> [RollRecord] {
        try await read {
            try all($0, "SELECT * FROM roll ORDER BY id DESC LIMIT ?", arguments: [limit], RollRecord.init(row:))
        }
    }

    public func roll(_ id: Int) async throws -> RollRecord? {
        try await read { try all($0, "SELECT * FROM roll WHERE id = ?", arguments: [id], RollRecord.init(row:)).first }
    }

    public func rollMembers(of roll: Int) async throws -> [RollMemberRecord] {
        let sql = "SELECT * FROM rollMember WHERE roll = ?"
        return try await read { try all($0, sql, arguments: [roll], RollMemberRecord.init(row:)) }
    }

    /// What changed after `seq`, in order, at most `limit`: what is copied into the inventory, which then has what is
    /// older. Rows that are no longer in memory come as they stand.
    public func changes(since seq: Int64, limit: Int = 1000) async throws -> [LedgerChange] {
        if let changes = recent.changes(since: seq, limit: limit) { return changes }
        // What is written and not flushed yet may be lost in a power cut, and its numbers given again.
        let flushed = recent.position
        return try await read { try LedgerRow.changes($0, since: seq, limit: limit) }.filter { $0.seq <= flushed }
    }

    private func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do {
            return try await pool.read(body)
        } catch {
            throw file.explain(error, while: "read")
        }
    }
}
