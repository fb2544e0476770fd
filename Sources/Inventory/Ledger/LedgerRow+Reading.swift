import Foundation
internal import GRDB
import Vocabulary

extension LedgerRow {
    /// The changes after `seq`, in order, at most `limit`.
    static func changes(_ db: Database, since seq: Int64, limit: Int) throws -> [LedgerChange] {
        var changes: [LedgerChange] = []
        func collect(_ table: String, _ make: (Row) throws -> LedgerRow) throws {
            let sql = "SELECT * FROM \(table) WHERE seq > ? ORDER BY seq LIMIT ?"
            let rows = try Row.fetchCursor(db.cachedStatement(sql: sql), arguments: [seq, limit])
            while let row = try rows.next() {
                changes.append(LedgerChange(seq: try row.required("seq"), row: try make(row)))
            }
        }
        try collect("lease") { .lease(try Lease(row: $0)) }
        try collect("boot") { .boot(try BootRecord(row: $0)) }
        try collect("timeline") { .timeline(try TimelineEntry(row: $0)) }
        try collect("machineState") { .machineState(try MachineStateRecord(row: $0)) }
        try collect("waiting") { .waiting(try WaitingMachine(row: $0)) }
        try collect("event") { .event(try EventRecord(row: $0)) }
        try collect("roll") { .roll(try RollRecord(row: $0)) }
        try collect("rollMember") { .rollMember(try RollMemberRecord(row: $0)) }
        try collect("machineHealth") {
            .machineHealth(machine: try $0.required("machine"), document: try $0.required("document"))
        }
        try collect("driver") { .driver(name: try $0.required("name"), document: try $0.required("document")) }
        changes.sort { $0.seq < $1.seq }
        return Array(changes.prefix(limit))
    }
}

extension Lease {
    init(row: Row) throws {
        self.init(
            address: try row.required("address"),
            mac: try row.required("mac"),
            clientIdentifier: [UInt8](try row.required("clientIdentifier", as: Data.self)),
            state: try row.spelled("state"),
            expiry: try row.required("expiry"),
            hostName: try row.optional("hostName"),
            relay: try row.optional("relay")
        )
    }
}

extension BootRecord {
    init(row: Row) throws {
        self.init(
            id: try row.required("id"),
            machine: try row.required("machine"),
            mac: try row.required("mac"),
            image: try row.required("image"),
            profile: try row.optional("profile"),
            release: try row.optional("release"),
            architecture: try row.optional("architecture"),
            state: try row.spelled("state"),
            spentTry: try row.required("spentTry"),
            opened: try row.required("opened"),
            fetched: try row.optional("fetched"),
            up: try row.optional("up"),
            healthy: try row.optional("healthy"),
            closed: try row.optional("closed"),
            reason: try row.optional("reason"),
            token: try (row.optional("token") as Data?).map(BootRecord.Token.init(kept:)) ?? .none,
            facts: try row.optional("facts"),
            isRescue: try row.required("isRescue"),
            cause: try row.optional("cause")
        )
    }
}

extension BootRecord.Token {
    /// What cannot be a digest proves nothing.
    fileprivate init(kept octets: Data) { self = Digest(octets: octets).map(Self.given) ?? .revoked }
}

extension TimelineEntry {
    init(row: Row) throws {
        self.init(
            boot: try row.required("boot"),
            time: try row.required("time"),
            stage: try row.spelled("stage"),
            detail: try row.required("detail")
        )
    }
}

extension MachineStateRecord {
    init(row: Row) throws {
        self.init(
            machine: try row.required("machine"),
            desired: try row.optional("desired"),
            assigned: try row.optional("assigned"),
            lastGood: try row.optional("lastGood"),
            running: try row.optional("running"),
            triesLeft: try row.required("triesLeft"),
            generation: try row.required("generation"),
            phase: try row.required("phase"),
            bootEpoch: try row.required("bootEpoch"),
            reason: try row.optional("reason"),
            deadline: try row.optional("deadline"),
            failures: try row.required("failures"),
            isRescued: try row.required("isRescued")
        )
    }
}

extension WaitingMachine {
    init(row: Row) throws {
        self.init(
            mac: try row.required("mac"),
            uuid: try row.optional("uuid"),
            serial: try row.optional("serial"),
            architecture: try row.optional("architecture"),
            address: try row.optional("address"),
            firstSeen: try row.required("firstSeen"),
            lastSeen: try row.required("lastSeen"),
            isSettled: try row.required("isSettled")
        )
    }
}

extension EventRecord {
    init(row: Row) throws {
        self.init(
            seq: try row.required("seq"),
            time: try row.required("time"),
            kind: try row.required("kind"),
            subject: try row.required("subject"),
            message: try row.required("message"),
            cause: try row.optional("cause")
        )
    }
}

extension RollRecord {
    init(row: Row) throws {
        self.init(
            id: try row.required("id"),
            document: try row.required("document"),
            ended: try row.optional("ended")
        )
    }
}

extension RollMemberRecord {
    init(row: Row) throws {
        self.init(
            roll: try row.required("roll"),
            machine: try row.required("machine"),
            document: try row.required("document")
        )
    }
}
