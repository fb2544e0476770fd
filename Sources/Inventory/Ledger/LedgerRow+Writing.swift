import Foundation
internal import GRDB
import Vocabulary

extension LedgerRow {
    /// Writes the row as change number `seq`. One cached statement a kind of row.
    func write(to db: Database, seq: Int64) throws {
        switch self {
        case .lease(let lease): try lease.write(to: db, seq: seq)
        case .boot(let boot): try boot.write(to: db, seq: seq)
        case .timeline(let entry): try entry.write(to: db, seq: seq)
        case .machineState(let state): try state.write(to: db, seq: seq)
        case .waiting(let machine): try machine.write(to: db, seq: seq)
        case .event(let event): try event.write(to: db, seq: seq)
        }
    }
}

extension Lease {
    fileprivate func write(to db: Database, seq: Int64) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO lease (address, mac, clientIdentifier, state, expiry, hostName, relay, seq)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """
        )
        try statement.execute(
            arguments: [address, mac, Data(clientIdentifier), state.rawValue, expiry, hostName, relay, seq]
        )
    }
}

extension BootRecord {
    fileprivate func write(to db: Database, seq: Int64) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO boot (
                    id, machine, mac, image, profile, release, architecture, state, spentTry,
                    opened, fetched, healthy, closed, reason, seq
                ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        )
        try statement.execute(
            arguments: [
                id, machine, mac, image, profile, release, architecture, state.rawValue, spentTry,
                opened, fetched, healthy, closed, reason, seq,
            ]
        )
    }
}

extension TimelineEntry {
    fileprivate func write(to db: Database, seq: Int64) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO timeline (seq, boot, time, stage, detail) VALUES (?, ?, ?, ?, ?)"
        )
        try statement.execute(arguments: [seq, boot, time, stage.rawValue, detail])
    }
}

extension MachineStateRecord {
    fileprivate func write(to db: Database, seq: Int64) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO machineState (
                    machine, desired, assigned, lastGood, running, triesLeft, generation, phase, bootEpoch,
                    reason, deadline, seq
                ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        )
        try statement.execute(
            arguments: [
                machine, desired, assigned, lastGood, running, triesLeft, generation, phase, bootEpoch,
                reason, deadline, seq,
            ]
        )
    }
}

extension WaitingMachine {
    fileprivate func write(to db: Database, seq: Int64) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO waiting (
                    mac, uuid, serial, architecture, address, firstSeen, lastSeen, isSettled, seq
                ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        )
        try statement.execute(
            arguments: [mac, uuid, serial, architecture, address, firstSeen, lastSeen, isSettled, seq]
        )
    }
}

extension EventRecord {
    fileprivate func write(to db: Database, seq: Int64) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO event (seq, time, kind, subject, message, cause) VALUES (?, ?, ?, ?, ?, ?)"
        )
        try statement.execute(arguments: [seq, time, kind, subject, message, cause])
    }
}
