import Inventory
import Synchronization
import Vocabulary

/// Machines that asked and that nobody has described: each is recorded once, and again when it says something new or
/// has not been heard of for a while.
final class WaitingRoom: Sendable {
    private struct Contents {
        var machines: [MACAddress: WaitingMachine] = [:]
        var written: [MACAddress: Timestamp] = [:]
    }
    private let contents = Mutex(Contents())
    private let commit: BootBook.Commit

    /// - Parameter commit: is handed rows with the room's lock held, so that they are in the order of what happened.
    init(commit: @escaping BootBook.Commit) { self.commit = commit }

    /// Machines remembered at most: a network that makes up addresses fills no disk.
    static let limit = 10_000
    private static let refresh: Duration = .seconds(600)

    func load(_ machines: [WaitingMachine]) {
        contents.withLock { contents in
            for machine in machines {
                contents.machines[machine.mac] = machine
                contents.written[machine.mac] = machine.lastSeen
            }
        }
    }

    var machines: [WaitingMachine] {
        contents.withLock { Array($0.machines.values) }.sorted { ($0.firstSeen, $0.mac) < ($1.firstSeen, $1.mac) }
    }

    var count: Int { contents.withLock { $0.machines.count } }

    /// A machine asked. Nothing is written of one that was just recorded.
    func admit(_ machine: WaitingMachine, now: Moment) {
        contents.withLock { contents in
            var machine = machine
            let before = contents.machines[machine.mac]
            if before == nil, contents.machines.count >= Self.limit { return }
            if let before { machine.firstSeen = before.firstSeen }
            contents.machines[machine.mac] = machine
            if let before, before.says(sameAs: machine), let written = contents.written[machine.mac],
                now.wall - written < Self.refresh
            {
                return
            }
            contents.written[machine.mac] = now.wall
            var rows = [LedgerRow.waiting(machine)]
            if before == nil {
                let message = "\(machine.mac) asked for something to boot and waits to be accepted"
                rows.append(EventKind.machineWaiting.row(machine.provisionalName, message, at: now.wall))
            }
            commit(rows) { _ in }
        }
    }

    /// Somebody described these cards: they wait no more.
    func settle(_ macs: [MACAddress], now: Moment) {
        contents.withLock { contents in
            let rows = macs.compactMap { mac -> LedgerRow? in
                guard var machine = contents.machines.removeValue(forKey: mac) else { return nil }
                contents.written[mac] = nil
                machine.isSettled = true
                machine.lastSeen = now.wall
                return .waiting(machine)
            }
            if !rows.isEmpty { commit(rows) { _ in } }
        }
    }

    /// The one that people mean by a MAC or by its provisional name; nil when none waits under it.
    func machine(named name: String) -> WaitingMachine? {
        contents.withLock { contents in
            if let mac = MACAddress(name) { return contents.machines[mac] }
            return contents.machines.values.first { $0.provisionalName == name }
        }
    }
}

extension WaitingMachine {
    fileprivate func says(sameAs other: WaitingMachine) -> Bool {
        uuid == other.uuid && serial == other.serial && architecture == other.architecture && address == other.address
    }
}
