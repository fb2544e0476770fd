internal import GRDB
import Vocabulary

/// What the boot plane holds in memory of the ledger: read once, at start.
public struct LedgerState: Sendable {
    /// The latest of every address.
    public var leases: [Lease]
    /// Boots that nothing has ended.
    public var openBoots: [BootRecord]
    /// The last boots of machines that are in none, where these said that they failed: their systems may still ask.
    public var failedBoots: [BootRecord] = []
    public var machineStates: [MachineStateRecord]
    /// Those that still wait.
    public var waiting: [WaitingMachine]
    /// The rolls that are kept, by number.
    public var rolls: [RollRecord] = []
    /// The latest part of each machine.
    public var rollMembers: [RollMemberRecord] = []
    /// By machine.
    public var machineHealth: [String: String] = [:]
    /// By name.
    public var driver: [String: String] = [:]
    /// The number of the last change.
    public var seq: Int64

    public init(
        leases: [Lease] = [],
        openBoots: [BootRecord] = [],
        machineStates: [MachineStateRecord] = [],
        waiting: [WaitingMachine] = [],
        seq: Int64 = 0
    ) {
        self.leases = leases
        self.openBoots = openBoots
        self.machineStates = machineStates
        self.waiting = waiting
        self.seq = seq
    }

    init(reading db: Database) throws {
        leases = try all(db, "SELECT * FROM lease", Lease.init(row:))
        openBoots = try all(db, "SELECT * FROM boot WHERE closed IS NULL ORDER BY id", BootRecord.init(row:))
        let failed = """
            SELECT * FROM boot AS last WHERE state = 'failed' AND length(token) > 0
            AND NOT EXISTS (SELECT 1 FROM boot WHERE boot.machine = last.machine AND boot.id > last.id)
            """
        failedBoots = try all(db, failed, BootRecord.init(row:))
        machineStates = try all(db, "SELECT * FROM machineState", MachineStateRecord.init(row:))
        waiting = try all(db, "SELECT * FROM waiting WHERE NOT isSettled ORDER BY firstSeen", WaitingMachine.init(row:))
        rolls = try all(db, "SELECT * FROM roll ORDER BY id", RollRecord.init(row:))
        // Of several rows SQLite takes the columns from the one that has the maximum.
        let latest = "SELECT max(roll) AS roll, machine, document FROM rollMember GROUP BY machine"
        rollMembers = try all(db, latest, RollMemberRecord.init(row:))
        for row in try Row.fetchAll(db, sql: "SELECT machine, document FROM machineHealth") {
            machineHealth[try row.required("machine")] = try row.required("document", as: String.self)
        }
        for row in try Row.fetchAll(db, sql: "SELECT name, document FROM driver") {
            driver[try row.required("name")] = try row.required("document", as: String.self)
        }
        seq = try LedgerSchema.lastSeq(db)
    }
}

/// Every row of a query, made into values as they come.
func all<Value>(
    _ db: Database,
    _ sql: String,
    arguments: StatementArguments = [],
    _ make: (Row) throws -> Value
) throws -> [Value] {
    let rows = try Row.fetchCursor(db.cachedStatement(sql: sql), arguments: arguments)
    var values: [Value] = []
    while let row = try rows.next() { values.append(try make(row)) }
    return values
}
