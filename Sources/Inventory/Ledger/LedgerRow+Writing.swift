internal import GRDB
internal import GRDBSQLite
import Vocabulary

/// Writes rows by statements that are prepared once a connection.
///
/// Columns are bound by SQLite's own calls: GRDB's boxed arguments cost more than all that SQLite does with them. Not
/// thread-safe: belongs to the connection.
final class LedgerRowWriter {
    private let lease: Statement
    private let boot: Statement
    private let timeline: Statement
    private let machineState: Statement
    private let waiting: Statement
    private let event: Statement
    private let roll: Statement
    private let rollMember: Statement
    private let machineHealth: Statement
    private let driver: Statement

    init(_ db: Database) throws {
        func insertion(_ table: String, _ columns: String) throws -> Statement {
            let places = columns.split(separator: ",").map { _ in "?" }.joined(separator: ", ")
            return try db.cachedStatement(sql: "INSERT OR REPLACE INTO \(table) (\(columns)) VALUES (\(places))")
        }
        lease = try insertion("lease", "address, mac, clientIdentifier, state, expiry, hostName, relay, seq")
        boot = try insertion(
            "boot",
            """
            id, machine, mac, image, profile, release, architecture, state, spentTry, opened, fetched, healthy, closed, \
            reason, up, token, facts, isRescue, cause, seq
            """
        )
        timeline = try insertion("timeline", "seq, boot, time, stage, detail")
        machineState = try insertion(
            "machineState",
            """
            machine, desired, assigned, lastGood, running, triesLeft, generation, phase, bootEpoch, reason, deadline, \
            failures, isRescued, seq
            """
        )
        waiting = try insertion(
            "waiting",
            "mac, uuid, serial, architecture, address, firstSeen, lastSeen, isSettled, seq"
        )
        event = try insertion("event", "seq, time, kind, subject, message, cause")
        roll = try insertion("roll", "id, document, ended, seq")
        rollMember = try insertion("rollMember", "roll, machine, document, seq")
        machineHealth = try insertion("machineHealth", "machine, document, seq")
        driver = try insertion("driver", "name, document, seq")
    }

    /// Writes the row as change number `seq`.
    func write(_ row: LedgerRow, seq: Int64) throws {
        switch row {
        case .lease(let row): try write(row, seq)
        case .boot(let row): try write(row, seq)
        case .timeline(let row): try write(row, seq)
        case .machineState(let row): try write(row, seq)
        case .waiting(let row): try write(row, seq)
        case .event(let row): try write(row, seq)
        case .roll(let row): try write(row, seq)
        case .rollMember(let row): try write(row, seq)
        case .machineHealth(let machine, let document): try write(document, of: machine, machineHealth, seq)
        case .driver(let name, let document): try write(document, of: name, driver, seq)
        }
    }

    private func write(_ row: Lease, _ seq: Int64) throws {
        var columns = StatementColumns(lease)
        columns.bind(Int64(row.address.rawValue))
        columns.bind(Int64(row.mac.rawValue))
        columns.bind(octets: row.clientIdentifier)
        columns.bind(row.state.rawValue)
        columns.bind(row.expiry.milliseconds)
        columns.bind(row.hostName)
        columns.bind((row.relay?.rawValue).map(Int64.init))
        columns.bind(seq)
        try columns.execute()
    }

    private func write(_ row: BootRecord, _ seq: Int64) throws {
        var columns = StatementColumns(boot)
        columns.bind(row.id.rawValue)
        columns.bind(row.machine)
        columns.bind(Int64(row.mac.rawValue))
        columns.bind(row.image)
        columns.bind(row.profile)
        columns.bind(row.release.map(Int64.init))
        columns.bind(row.architecture?.rawValue)
        columns.bind(row.state.rawValue)
        columns.bind(row.spentTry ? 1 : 0)
        columns.bind(row.opened.milliseconds)
        columns.bind(row.fetched?.milliseconds)
        columns.bind(row.healthy?.milliseconds)
        columns.bind(row.closed?.milliseconds)
        columns.bind(row.reason)
        columns.bind(row.up?.milliseconds)
        switch row.token {
        case .none: columns.bind(octets: nil)
        case .given(let digest): columns.bind(digest)
        case .revoked: columns.bind(octets: [])
        }
        columns.bind(row.facts)
        columns.bind(row.isRescue ? 1 : 0)
        columns.bind(row.cause)
        columns.bind(seq)
        try columns.execute()
    }

    private func write(_ row: TimelineEntry, _ seq: Int64) throws {
        var columns = StatementColumns(timeline)
        columns.bind(seq)
        columns.bind(row.boot.rawValue)
        columns.bind(row.time.milliseconds)
        columns.bind(row.stage.rawValue)
        columns.bind(row.detail)
        try columns.execute()
    }

    private func write(_ row: MachineStateRecord, _ seq: Int64) throws {
        var columns = StatementColumns(machineState)
        columns.bind(row.machine)
        columns.bind(row.desired)
        columns.bind(row.assigned)
        columns.bind(row.lastGood)
        columns.bind(row.running)
        columns.bind(Int64(row.triesLeft))
        columns.bind(row.generation)
        columns.bind(row.phase)
        columns.bind(row.bootEpoch)
        columns.bind(row.reason)
        columns.bind(row.deadline?.milliseconds)
        columns.bind(Int64(row.failures))
        columns.bind(row.isRescued ? 1 : 0)
        columns.bind(seq)
        try columns.execute()
    }

    private func write(_ row: WaitingMachine, _ seq: Int64) throws {
        var columns = StatementColumns(waiting)
        columns.bind(Int64(row.mac.rawValue))
        columns.bind(octets: row.uuid?.octets)
        columns.bind(row.serial)
        columns.bind(row.architecture?.rawValue)
        columns.bind((row.address?.rawValue).map(Int64.init))
        columns.bind(row.firstSeen.milliseconds)
        columns.bind(row.lastSeen.milliseconds)
        columns.bind(row.isSettled ? 1 : 0)
        columns.bind(seq)
        try columns.execute()
    }

    private func write(_ row: EventRecord, _ seq: Int64) throws {
        var columns = StatementColumns(event)
        columns.bind(seq)
        columns.bind(row.time.milliseconds)
        columns.bind(row.kind)
        columns.bind(row.subject)
        columns.bind(row.message)
        columns.bind(row.cause)
        try columns.execute()
    }

    private func write(_ row: RollRecord, _ seq: Int64) throws {
        var columns = StatementColumns(roll)
        columns.bind(Int64(row.id))
        columns.bind(row.document)
        columns.bind(row.ended?.milliseconds)
        columns.bind(seq)
        try columns.execute()
    }

    private func write(_ row: RollMemberRecord, _ seq: Int64) throws {
        var columns = StatementColumns(rollMember)
        columns.bind(Int64(row.roll))
        columns.bind(row.machine)
        columns.bind(row.document)
        columns.bind(seq)
        try columns.execute()
    }

    private func write(_ document: String, of name: String, _ statement: Statement, _ seq: Int64) throws {
        var columns = StatementColumns(statement)
        columns.bind(name)
        columns.bind(document)
        columns.bind(seq)
        try columns.execute()
    }
}
