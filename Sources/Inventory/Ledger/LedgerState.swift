internal import GRDB
import Vocabulary

/// What the boot plane holds in memory of the ledger: read once, at start.
public struct LedgerState: Sendable {
    /// The latest of every address.
    public var leases: [Lease]
    /// Boots that nothing has ended.
    public var openBoots: [BootRecord]
    public var machineStates: [MachineStateRecord]
    /// Those that still wait.
    public var waiting: [WaitingMachine]
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
        machineStates = try all(db, "SELECT * FROM machineState", MachineStateRecord.init(row:))
        waiting = try all(db, "SELECT * FROM waiting WHERE NOT isSettled ORDER BY firstSeen", WaitingMachine.init(row:))
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
