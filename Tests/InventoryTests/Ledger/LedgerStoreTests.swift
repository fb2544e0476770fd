import Foundation
import GRDB
import Synchronization
import Testing
import Vocabulary

@testable import Inventory

func lease(_ number: Int, expiry: Int64 = 3600) -> Lease {
    Lease(
        address: IPv4Address(rawValue: 0x0a00_0000 + UInt32(number)),
        mac: .test(number),
        clientIdentifier: [1, 0xff, 0],
        expiry: .test(expiry),
        hostName: "n\(number)",
        relay: IPv4Address(10, 9, 9, 9)
    )
}

func boot(_ number: UInt64, state: BootRecord.State = .open, closed: Timestamp? = nil) -> BootRecord {
    BootRecord(
        id: .test(number),
        machine: "n\(number)",
        mac: .test(Int(number)),
        image: .test(1),
        profile: "web",
        release: 3,
        architecture: .arm64,
        state: state,
        spentTry: true,
        opened: .test(0),
        fetched: .test(1),
        healthy: nil,
        closed: closed,
        reason: "why"
    )
}

@Suite struct LedgerStoreTests {
    let scratch: Scratch
    var path: String { scratch.file("ledger.sqlite") }

    init() throws { scratch = try Scratch() }

    @Test func whatWasAcknowledgedIsThereAfterARestart() async throws {
        let state = MachineStateRecord(
            machine: "n1",
            desired: .test(2),
            assigned: .test(1),
            lastGood: .test(1),
            running: .test(1),
            triesLeft: 2,
            generation: 7,
            phase: "granted",
            bootEpoch: 4,
            reason: "r",
            deadline: .test(60)
        )
        let waiting = WaitingMachine(
            mac: .test(9),
            uuid: MachineUUID(high: 1, low: 2),
            serial: "S",
            architecture: .amd64,
            address: IPv4Address(10, 0, 0, 9),
            firstSeen: .test(0),
            lastSeen: .test(3)
        )
        var settled = waiting
        settled.mac = .test(10)
        settled.isSettled = true
        let first = boot(1)
        let ledger = try LedgerStore(path: path)
        try await ledger.commit([
            .lease(lease(1)), .boot(first), .boot(boot(2, state: .failed, closed: .test(9))), .machineState(state),
            .waiting(waiting), .waiting(settled),
            .timeline(TimelineEntry(boot: first.id, time: .test(0), stage: .script, detail: "d")),
            .event(EventRecord(time: .test(0), kind: "boot.begun", subject: "n1", message: "m", cause: "c")),
        ])
        try await ledger.commit([.lease(lease(1, expiry: 7200)), .lease(lease(2))])
        ledger.close()

        let again = try LedgerStore(path: path)
        let loaded = try again.load()
        #expect(Set(loaded.leases) == [lease(1, expiry: 7200), lease(2)])
        #expect(loaded.openBoots == [first])
        #expect(loaded.machineStates == [state])
        #expect(loaded.waiting == [waiting])
        #expect(loaded.seq == 10)
        let reader = try again.reader()
        #expect(try await reader.timeline(of: first.id).map(\.stage) == [.script])
        #expect(try await reader.events().map(\.seq) == [8])
        #expect(try await reader.boots().map(\.id) == [boot(2).id, first.id].sorted(by: >))
        again.close()
    }

    /// The file is read by a second connection while the first process's is still open: as after `kill -9`.
    @Test func whatWasAcknowledgedIsOnDiskAtOnce() async throws {
        let ledger = try LedgerStore(path: path)
        for round in 0..<20 {
            try await ledger.commit([.lease(lease(round))])
            let copy = scratch.file("copy\(round).sqlite")
            for suffix in ["", "-wal"] {
                try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
            }
            let survivor = try LedgerStore(path: copy)
            #expect(try survivor.load().leases.count == round + 1)
            survivor.close()
        }
        ledger.close()
    }

    @Test func manyCallersAreAllAnsweredAndAllWritten() async throws {
        let ledger = try LedgerStore(path: path)
        try await withThrowingTaskGroup { group in
            for caller in 0..<64 {
                group.addTask {
                    for turn in 0..<10 { try await ledger.commit([.lease(lease(caller * 10 + turn))]) }
                }
            }
            try await group.waitForAll()
        }
        let loaded = try ledger.load()
        #expect(loaded.leases.count == 640)
        #expect(loaded.seq == 640)
        ledger.close()
    }

    @Test func rowsOfOneCallAreWrittenTogetherAndNumberedInOrder() async throws {
        let ledger = try LedgerStore(path: path)
        try await ledger.commit((0..<5).map { .event(EventRecord(time: .test($0), kind: "k", message: "\($0)")) })
        let events = try await ledger.reader().events()
        #expect(events.map(\.seq) == [1, 2, 3, 4, 5])
        #expect(events.map(\.message) == ["0", "1", "2", "3", "4"])
        #expect(try await ledger.reader().events(since: 3, limit: 1).map(\.seq) == [4])
        #expect(try await ledger.reader().events(limit: 2).map(\.seq) == [4, 5])
        ledger.close()
    }

    @Test func theTimelineSaysWhichScriptBeganTheBoot() async throws {
        let ledger = try LedgerStore(path: path)
        let new = boot(1)
        let old = boot(2)
        func entry(_ boot: BootRecord, _ stage: TimelineEntry.Stage, _ detail: String = "") -> LedgerRow {
            .timeline(TimelineEntry(boot: boot.id, time: .test(0), stage: stage, detail: detail))
        }
        try await ledger.commit([
            .boot(new), entry(new, .dhcp), entry(new, .loader), entry(new, .initrd), entry(new, .kernel),
            .boot(old), entry(old, .dhcp), entry(old, .script, "as it was written then"), entry(old, .kernel),
        ])
        let reader = try ledger.reader()
        let timeline = try await reader.timeline(of: new.id)
        #expect(timeline.map(\.stage) == [.dhcp, .loader, .script, .initrd, .kernel])
        #expect(timeline[2].detail == "\(new.image.short) for \(new.mac)")
        #expect(timeline[2].time == new.opened)
        let before = try await reader.timeline(of: old.id)
        #expect(before.map(\.stage) == [.dhcp, .script, .kernel])
        #expect(before[1].detail == "as it was written then")
        #expect(try await reader.timeline(of: boot(3).id).isEmpty)
        ledger.close()
    }

    @Test func aQuietLedgerIsCopiedIntoItsFile() async throws {
        var configuration = LedgerStore.Configuration()
        configuration.quiet = 0
        let ledger = try LedgerStore(path: path, configuration: configuration)
        let message = Data("only in the log so far".utf8)
        try await ledger.commit([
            .event(EventRecord(time: .test(0), kind: "k", message: String(decoding: message, as: UTF8.self)))
        ])
        let deadline = ContinuousClock.now + .seconds(30)
        while try Data(contentsOf: URL(fileURLWithPath: path)).range(of: message) == nil {
            try #require(ContinuousClock.now < deadline, "the log was not copied")
            try await Task.sleep(for: .milliseconds(5))
        }
        try await ledger.commit([.lease(lease(1))])
        #expect(try ledger.load().leases == [lease(1)])
        ledger.close()
    }

    @Test func aDeletedFileTakesNothingAndSaysSo() async throws {
        let ledger = try LedgerStore(path: path)
        try await ledger.commit([.lease(lease(1))])
        let aside = scratch.file("aside")
        try FileManager.default.moveItem(atPath: path, toPath: aside)
        #expect(await code { try await ledger.commit([.lease(lease(2))]) } == .unavailable)
        #expect(!ledger.isHealthy)
        #expect(ledger.failure?.message.contains("was deleted") == true)
        try FileManager.default.moveItem(atPath: aside, toPath: path)
        try await ledger.commit([.lease(lease(3))])
        #expect(ledger.isHealthy)
        #expect(Set(try ledger.load().leases.map(\.mac)) == [.test(1), .test(3)])
        ledger.close()
    }

    @Test func aDamagedFileIsRefusedAndLeftAlone() throws {
        let junk = Data(repeating: 0x5a, count: 8192)
        try junk.write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: InventoryError.self) { try LedgerStore(path: path) }
        #expect(error?.code == .corrupt)
        #expect(error?.message.contains("the file is damaged") == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == junk)
    }

    @Test func aClosedLedgerRefuses() async throws {
        let ledger = try LedgerStore(path: path)
        ledger.close()
        #expect(await code { try await ledger.commit([.lease(lease(1))]) } == .overloaded)
    }

    @Test func thatOldRowsCannotBeRemovedIsSaidAndLosesNothing() async throws {
        var configuration = LedgerStore.Configuration()
        configuration.retention.events = 1
        configuration.retention.stride = 1
        let warnings = Mutex<[String]>([])
        try LedgerStore(path: path).close()
        let database = try DatabaseQueue(path: path)
        try await database.write { db in
            try db.execute(
                sql: "CREATE TRIGGER stay BEFORE DELETE ON event BEGIN SELECT RAISE(FAIL, 'events stay'); END"
            )
        }
        try database.close()
        let ledger = try LedgerStore(path: path, configuration: configuration) { warning in
            warnings.withLock { $0.append(warning.message) }
        }
        for number in 0..<4 {
            try await ledger.commit([.event(EventRecord(time: .test(0), kind: "k", message: "\(number)"))])
        }
        #expect(ledger.isHealthy)
        ledger.close()
        let said = warnings.withLock { $0 }
        #expect(!said.isEmpty && said.allSatisfy { $0.contains("remove old rows from") && $0.contains("events stay") })
    }

    @Test func theNewestAreKeptAndWhatIsOpenIsKeptToo() async throws {
        var configuration = LedgerStore.Configuration()
        configuration.retention.events = 10
        configuration.retention.boots = 2
        configuration.retention.stride = 1
        let ledger = try LedgerStore(path: path, configuration: configuration)
        try await ledger.commit([.boot(boot(1))])
        for number in 2..<40 {
            let over = boot(UInt64(number), state: .closed, closed: .test(1))
            try await ledger.commit([
                .boot(over), .timeline(TimelineEntry(boot: over.id, time: .test(0), stage: .script)),
                .event(EventRecord(time: .test(0), kind: "k", message: "\(number)")),
            ])
        }
        ledger.close()
        let again = try LedgerStore(path: path)
        let reader = try again.reader()
        #expect(try await reader.events().map(\.message) == (30..<40).map(String.init))
        let boots = try await reader.boots()
        #expect(boots.count == 3)
        #expect(boots.contains { $0.machine == "n1" })
        #expect(try await reader.timeline(of: boots[0].id).count == 1)
        // The numbering goes on.
        try await again.commit([.event(EventRecord(time: .test(0), kind: "k", message: "last"))])
        #expect(try await reader.events().last?.seq == 116)
        again.close()
    }
}

@Suite struct WriteQueueTests {
    @Test func aFullQueueTakesNoMore() {
        let queue = WriteQueue(capacity: 2)
        let call = WriteQueue.Call(rows: [.lease(lease(1))]) { _ in }
        #expect([queue.append(call), queue.append(call), queue.append(call)] == [true, true, false])
        #expect(queue.takeAll(atMost: 100)?.count == 2)
        #expect(queue.append(call))
        queue.close()
        #expect(!queue.append(call))
        #expect(queue.takeAll(atMost: 100)?.count == 1)
        #expect(queue.takeAll(atMost: 100) == nil)
    }

    @Test func whoWaitsIsToldOfACallAndOfTheEnd() {
        let queue = WriteQueue(capacity: 2)
        #expect(!queue.waitForMore(seconds: 0))
        #expect(queue.append(.init(rows: [.lease(lease(1))]) { _ in }))
        #expect(queue.waitForMore(seconds: 0))
        #expect(queue.takeAll(atMost: 100)?.count == 1)
        #expect(!queue.waitForMore(seconds: 0))
        let thread = Thread {
            _ = queue.append(.init(rows: [.lease(lease(2))]) { _ in })
        }
        thread.start()
        #expect(queue.waitForMore(seconds: 30))
        #expect(queue.takeAll(atMost: 100)?.count == 1)
        queue.close()
        #expect(queue.waitForMore(seconds: 0))
        queue.finished()
        queue.waitUntilFinished()
        queue.waitUntilFinished()
    }

    @Test func aTransactionEndsAtItsLimitButTakesOneCallWhole() {
        let queue = WriteQueue(capacity: 10)
        for rows in [3, 3, 1] {
            _ = queue.append(.init(rows: (0..<rows).map { .lease(lease($0)) }) { _ in })
        }
        #expect(queue.takeAll(atMost: 2)?.map(\.rows.count) == [3])
        #expect(queue.takeAll(atMost: 4)?.map(\.rows.count) == [3, 1])
    }
}

@Suite struct ForwardingTests {
    /// From memory each change is copied; from the tables the lease that was replaced meanwhile is copied once, as it is.
    @Test(arguments: [(recent: 100, copied: 5), (recent: 2, copied: 4), (recent: 0, copied: 4)])
    func theInventoryCatchesUpAfterAnOutage(recent: Int, copied: Int) async throws {
        let scratch = try Scratch()
        var configuration = LedgerStore.Configuration()
        configuration.recentRows = recent
        let ledger = try LedgerStore(path: scratch.file("ledger.sqlite"), configuration: configuration)
        let reader = try ledger.reader()
        let inventory = try InventoryStore(path: scratch.file("inventory.sqlite"))
        try await ledger.commit([.boot(boot(1)), .event(EventRecord(time: .test(0), kind: "k", message: "one"))])
        #expect(try await inventory.catchUp(with: reader) == 2)

        inventory.close()
        try await ledger.commit([.boot(boot(1, state: .healthy)), .boot(boot(2)), .lease(lease(1))])
        #expect(await code { try await inventory.catchUp(with: reader) } == .unavailable)
        try await ledger.commit([
            .lease(lease(1, expiry: 9)), .event(EventRecord(time: .test(0), kind: "k", message: "two")),
        ])

        try inventory.reopen()
        // In steps smaller than what is missing.
        #expect(try await inventory.catchUp(with: reader, step: 1) == copied)
        #expect(try await inventory.catchUp(with: reader) == 0)
        #expect(try await inventory.ledgerPosition() == 7)
        #expect(try await inventory.boots().map(\.state) == [.open, .healthy])
        #expect(try await inventory.boots(machine: "n2").count == 1)
        ledger.close()
    }

    @Test func whatIsHereAlreadyDoesNothing() async throws {
        let scratch = try Scratch()
        let inventory = try InventoryStore(path: scratch.file("inventory.sqlite"))
        let changes = [
            LedgerChange(seq: 1, row: .boot(boot(1))), LedgerChange(seq: 2, row: .boot(boot(1, state: .healthy))),
        ]
        try await inventory.absorb(changes)
        try await inventory.absorb([changes[0]])
        #expect(try await inventory.boots().map(\.state) == [.healthy])
    }
}
