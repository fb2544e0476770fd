internal import GRDB
import Vocabulary

/// How much of the past the ledger keeps. Leases, machine states and boots that are not over are always kept.
public struct LedgerRetention: Hashable, Sendable {
    /// The newest so many events.
    public var events = 100_000
    /// The newest so many boots, with their timelines.
    public var boots = 100_000
    /// The newest so many rolls that are over, with the parts of their machines.
    public var rolls = 20
    /// Rows written between two looks at what is too old.
    public var stride = 4_096

    public init() {}

    /// Rows that one look removes at most, so that a commit never waits long behind it.
    private var step: Int { 2 * stride }

    /// - Parameter seq: the last change; its row stays, because the numbering goes on from it after a restart.
    func prune(_ db: Database, before seq: Int64) throws {
        let oldest = try Int64.fetchOne(
            db,
            sql: "SELECT seq FROM event ORDER BY seq DESC LIMIT 1 OFFSET ?",
            arguments: [events]
        )
        if let oldest {
            try db.execute(
                sql: """
                    DELETE FROM event
                    WHERE seq IN (SELECT seq FROM event WHERE seq <= ? AND seq < ? ORDER BY seq LIMIT ?)
                    """,
                arguments: [oldest, seq, step]
            )
        }
        try pruneBoots(db, before: seq)
        try pruneRolls(db, before: seq)
    }

    /// The parts go first, some at each look; a roll goes when its last part has.
    private func pruneRolls(_ db: Database, before seq: Int64) throws {
        let sql = "SELECT id FROM roll WHERE ended IS NOT NULL ORDER BY id DESC LIMIT 1 OFFSET ?"
        guard let oldest = try Int64.fetchOne(db, sql: sql, arguments: [rolls]) else { return }
        try db.execute(
            sql: """
                DELETE FROM rollMember WHERE (roll, machine) IN (
                    SELECT rollMember.roll, machine FROM rollMember JOIN roll ON roll.id = rollMember.roll
                    WHERE roll.id <= ? AND ended IS NOT NULL AND rollMember.seq < ? LIMIT ?
                )
                """,
            arguments: [oldest, seq, step]
        )
        try db.execute(
            sql: """
                DELETE FROM roll WHERE id <= ? AND ended IS NOT NULL AND seq < ?
                AND NOT EXISTS (SELECT 1 FROM rollMember WHERE rollMember.roll = roll.id)
                """,
            arguments: [oldest, seq]
        )
    }

    private func pruneBoots(_ db: Database, before seq: Int64) throws {
        guard
            let oldest = try String.fetchOne(
                db,
                sql: "SELECT id FROM boot ORDER BY id DESC LIMIT 1 OFFSET ?",
                arguments: [boots]
            )
        else { return }
        let past = try String.fetchAll(
            db,
            sql: "SELECT id FROM boot WHERE id <= ? AND closed IS NOT NULL AND seq < ? ORDER BY id LIMIT ?",
            arguments: [oldest, seq, step]
        )
        for id in past {
            try db.cachedStatement(sql: "DELETE FROM timeline WHERE boot = ? AND seq < ?").execute(arguments: [id, seq])
            try db.cachedStatement(sql: "DELETE FROM boot WHERE id = ?").execute(arguments: [id])
        }
    }
}
