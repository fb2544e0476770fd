internal import GRDB

/// The tables that both the ledger and its copy in the inventory have.
///
/// `seq` numbers every change across all of them, so that one number says how far a copy has come.
enum LedgerSchema {
    static let tables = """
        CREATE TABLE lease (
            address INTEGER PRIMARY KEY,
            mac INTEGER NOT NULL,
            clientIdentifier BLOB NOT NULL,
            state TEXT NOT NULL,
            expiry INTEGER NOT NULL,
            hostName TEXT,
            relay INTEGER,
            seq INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX leaseBySeq ON lease (seq);

        CREATE TABLE boot (
            id TEXT PRIMARY KEY,
            machine TEXT NOT NULL,
            mac INTEGER NOT NULL,
            image BLOB NOT NULL,
            profile TEXT,
            release INTEGER,
            architecture TEXT,
            state TEXT NOT NULL,
            spentTry INTEGER NOT NULL,
            opened INTEGER NOT NULL,
            fetched INTEGER,
            healthy INTEGER,
            closed INTEGER,
            reason TEXT,
            seq INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX bootBySeq ON boot (seq);
        CREATE INDEX bootByMachine ON boot (machine, id);
        CREATE INDEX bootStillOpen ON boot (machine) WHERE closed IS NULL;

        CREATE TABLE timeline (
            seq INTEGER PRIMARY KEY,
            boot TEXT NOT NULL,
            time INTEGER NOT NULL,
            stage TEXT NOT NULL,
            detail TEXT NOT NULL
        ) STRICT;
        CREATE INDEX timelineByBoot ON timeline (boot);

        CREATE TABLE machineState (
            machine TEXT PRIMARY KEY,
            desired BLOB,
            assigned BLOB,
            lastGood BLOB,
            running BLOB,
            triesLeft INTEGER NOT NULL,
            generation INTEGER NOT NULL,
            phase TEXT NOT NULL,
            bootEpoch INTEGER NOT NULL,
            reason TEXT,
            deadline INTEGER,
            seq INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX machineStateBySeq ON machineState (seq);

        CREATE TABLE waiting (
            mac INTEGER PRIMARY KEY,
            uuid BLOB,
            serial TEXT,
            architecture TEXT,
            address INTEGER,
            firstSeen INTEGER NOT NULL,
            lastSeen INTEGER NOT NULL,
            isSettled INTEGER NOT NULL,
            seq INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX waitingBySeq ON waiting (seq);

        CREATE TABLE event (
            seq INTEGER PRIMARY KEY,
            time INTEGER NOT NULL,
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            message TEXT NOT NULL,
            cause TEXT
        ) STRICT;
        CREATE INDEX eventBySubject ON event (subject, seq);
        """

    /// What nobody looks up any more: every index is paid for by each commit, before its answers. `bySeq`: the copy is
    /// made from memory, and by a look through the tables when it is far behind.
    static let withoutIndexes = """
        DROP INDEX leaseBySeq;
        DROP INDEX bootBySeq;
        DROP INDEX bootStillOpen;
        DROP INDEX machineStateBySeq;
        DROP INDEX waitingBySeq;
        DROP INDEX eventBySubject;
        """

    /// What systems report. `token` is the SHA-256 of the boot's token, empty once that is revoked.
    static let reports = """
        ALTER TABLE boot ADD COLUMN up INTEGER;
        ALTER TABLE boot ADD COLUMN token BLOB;
        ALTER TABLE boot ADD COLUMN facts TEXT;
        """

    /// What the rollout driver keeps, as documents of its own: rolls, the parts of their machines, what it knows of each
    /// machine beside its boots, and its clock, lease and so on by name. `ended` is nil while a roll is open.
    static let rolls = """
        CREATE TABLE roll (
            id INTEGER PRIMARY KEY,
            document TEXT NOT NULL,
            ended INTEGER,
            seq INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE rollMember (
            roll INTEGER NOT NULL,
            machine TEXT NOT NULL,
            document TEXT NOT NULL,
            seq INTEGER NOT NULL,
            PRIMARY KEY (roll, machine)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE machineHealth (
            machine TEXT PRIMARY KEY,
            document TEXT NOT NULL,
            seq INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE driver (
            name TEXT PRIMARY KEY,
            document TEXT NOT NULL,
            seq INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        ALTER TABLE machineState ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE machineState ADD COLUMN isRescued INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE boot ADD COLUMN isRescue INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE boot ADD COLUMN cause TEXT;
        """

    static let tableNames = [
        "lease", "boot", "timeline", "machineState", "waiting", "event", "roll", "rollMember", "machineHealth",
        "driver",
    ]

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: leases, boots, machine states, waiting machines, events") { db in
            try db.execute(sql: tables)
        }
        migrator.registerMigration("2: fewer indexes") { db in try db.execute(sql: withoutIndexes) }
        migrator.registerMigration("3: reports") { db in try db.execute(sql: reports) }
        migrator.registerMigration("4: rolls") { db in try db.execute(sql: rolls) }
        return migrator
    }

    /// The number of the last change that is kept.
    static func lastSeq(_ db: Database) throws -> Int64 {
        var last: Int64 = 0
        for table in tableNames {
            last = max(last, try Int64.fetchOne(db, sql: "SELECT max(seq) FROM \(table)") ?? 0)
        }
        return last
    }

    /// The epoch of the driver's lease; nil before anybody had it.
    static func leaseEpoch(_ db: Database) throws -> Int? {
        let sql = "SELECT json_extract(document, '$.epoch') FROM driver WHERE name = 'lease'"
        return try Int.fetchOne(db.cachedStatement(sql: sql))
    }
}
