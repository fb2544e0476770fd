internal import GRDB
import Vocabulary

/// How much of the past the ledger keeps. Leases, machine states and boots that are not over are always kept.
public struct LedgerRetention: Hashable, Sendable {
    /// The newest so many events.
    public var events = 100_000
    /// The newest so many boots, with their timelines.
    public var boots = 100_000
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
