internal import GRDB

/// The inventory's own tables. Machines have columns, because there are many; profiles and rules are kept as the
/// documents that people wrote.
enum InventorySchema {
    static let tables = """
        CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO counter VALUES ('commit', 0), ('ledger', 0);

        CREATE TABLE machine (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            labels TEXT NOT NULL,
            "values" TEXT NOT NULL,
            profile TEXT,
            uuid BLOB UNIQUE,
            serial TEXT UNIQUE,
            architecture TEXT,
            state TEXT NOT NULL,
            loader TEXT,
            bmc TEXT NOT NULL,
            pinnedImage BLOB,
            facts TEXT
        ) STRICT;

        CREATE TABLE nic (
            mac INTEGER PRIMARY KEY,
            machine INTEGER NOT NULL REFERENCES machine (id) ON DELETE CASCADE,
            position INTEGER NOT NULL,
            address INTEGER UNIQUE
        ) STRICT;
        CREATE INDEX nicByMachine ON nic (machine, position);

        CREATE TABLE profile (name TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE assignment (identity TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT, WITHOUT ROWID;

        CREATE TABLE release (
            profile TEXT NOT NULL,
            number INTEGER NOT NULL,
            architecture TEXT NOT NULL,
            image BLOB NOT NULL,
            created INTEGER NOT NULL,
            PRIMARY KEY (profile, number, architecture)
        ) STRICT, WITHOUT ROWID;
        """

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: machines, profiles, assignments, releases and the copy of the ledger") { db in
            try db.execute(sql: tables)
            try db.execute(sql: LedgerSchema.tables)
        }
        migrator.registerMigration("2: fewer indexes on the copy of the ledger") { db in
            try db.execute(sql: LedgerSchema.withoutIndexes)
        }
        migrator.registerMigration("3: reports in the copy of the ledger") { db in
            try db.execute(sql: LedgerSchema.reports)
        }
        migrator.registerMigration("4: what releases were built of") { db in
            try db.execute(sql: "ALTER TABLE release ADD COLUMN source BLOB")
        }
        migrator.registerMigration("5: rolls in the copy of the ledger") { db in
            try db.execute(sql: LedgerSchema.rolls)
        }
        migrator.registerMigration("6: the release that a profile is meant to have") { db in
            try db.execute(sql: "ALTER TABLE profile ADD COLUMN meant INTEGER")
        }
        return migrator
    }

    /// The last commit, and the last change of the ledger that was copied.
    enum Counter: String { case commit, ledger }

    static func value(of counter: Counter, _ db: Database) throws -> Int64 {
        let sql = "SELECT value FROM counter WHERE name = ?"
        guard let value = try Int64.fetchOne(db, sql: sql, arguments: [counter.rawValue]) else {
            throw InventoryError(.corrupt, "the inventory has lost its counter '\(counter.rawValue)'")
        }
        return value
    }

    static func set(_ counter: Counter, to value: Int64, _ db: Database) throws {
        try db.execute(sql: "UPDATE counter SET value = ? WHERE name = ?", arguments: [value, counter.rawValue])
    }
}
