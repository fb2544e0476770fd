import Inventory
import Rollout
import Vocabulary

/// What is said of rolls: made of what differs, whoever made it differ. What a roll did has its name as the cause.
struct RollEvents {
    let now: Timestamp
    private(set) var rows: [LedgerRow] = []

    init(now: Timestamp) { self.now = now }

    private mutating func add(_ kind: EventKind, _ subject: String, _ message: String, cause: String? = nil) {
        rows.append(kind.row(subject, message, at: now, cause: cause))
    }

    /// What became of a machine.
    mutating func add(_ before: MachineRow, _ after: MachineRow) {
        let name = after.name
        guard let part = after.part, part != before.part else { return }
        let cause = part.roll.description
        let old = before.part?.roll == part.roll ? before.part : nil
        // A drain or a reboot may have begun with the grant.
        if part.grantNumber > old?.grantNumber ?? 0 {
            add(.machineGranted, name, "\(name) is granted \(part.target.short) by \(cause)", cause: cause)
        }
        if part.reboots > 0, part.reboots > old?.reboots ?? 0 || part.grantNumber != old?.grantNumber {
            add(.rollMachineRebooting, name, "\(name) is to reboot onto \(part.target.short)", cause: cause)
        }
        if part.wasRecovered, old?.wasRecovered != true {
            add(.rollMachineRebooting, name, "\(name) is to reboot onto what it was good on", cause: cause)
        }
        guard part.phase != old?.phase else { return }
        switch part.phase {
        case .draining: add(.rollMachineDraining, name, "\(name) is drained", cause: cause)
        case .done: add(.rollMachineDone, name, "\(name) is done with \(cause)", cause: cause)
        case .failed: add(.rollMachineFailed, name, "\(name) failed: \(part.reason ?? "")", cause: cause)
        case .skipped: add(.rollMachineSkipped, name, "\(name) is passed over: \(part.reason ?? "")", cause: cause)
        case .waiting where old != nil: add(.rollMachineWaiting, name, "\(name) waits for its turn again", cause: cause)
        case .waiting, .granted, .rebooting: break
        }
    }

    /// What became of a roll; `before` is nil for one that was begun.
    mutating func add(_ before: RollRow?, _ roll: RollRow, members: Int) {
        let (id, profile) = (roll.id.description, roll.profile)
        guard let before else {
            var cause: String?
            if case .rollback(let forward) = roll.kind { cause = forward.description }
            let what = "\(id) takes \(members) machines of \(profile) to \(roll.title)"
            let back = "\(id) takes \(members) machines of \(profile) \(roll.title)"
            return add(.rollStarted, profile, roll.isRollback ? back : what, cause: cause)
        }
        if before.status != roll.status {
            switch roll.status {
            case .running: add(.rollResumed, profile, "\(id) goes on", cause: id)
            case .held(let hold): add(.rollHeld, profile, "\(id) is held: \(hold.reason)", cause: id)
            case .ended(.done): add(.rollEnded, profile, "\(id) is done", cause: id)
            case .ended(.aborted): add(.rollEnded, profile, "\(id) was aborted", cause: id)
            case .ended(.rolledBack): add(.rollEnded, profile, "\(id) is rolled back", cause: id)
            }
        }
        if before.isPaused != roll.isPaused, roll.isOpen {
            if roll.isPaused {
                add(.rollPaused, profile, "\(id) is paused", cause: id)
            } else if before.status == roll.status {
                add(.rollResumed, profile, "\(id) goes on", cause: id)
            }
        }
        if before.stage != roll.stage {
            add(.rollStage, profile, "\(id) begins stage \(roll.stage + 1) of \(roll.stages)", cause: id)
        }
    }

    /// What became of the fleet: freezes and alarms.
    mutating func add(_ old: FleetRows, _ new: FleetRows) {
        switch (old.freeze, new.freeze) {
        case (nil, let freeze?): add(.fleetFrozen, "", "the fleet is frozen: \(freeze.reason)")
        case (_?, nil): add(.fleetThawed, "", "the fleet is thawed")
        default: break
        }
        guard old.alarms != new.alarms else { return }
        for alarm in new.alarms.values.sorted(by: { "\($0.key)" < "\($1.key)" }) where old.alarms[alarm.key] != alarm {
            add(EventKind("alarm.\(alarm.key.name).raised"), alarm.key.subject, alarm.message)
        }
        for alarm in old.alarms.values.sorted(by: { "\($0.key)" < "\($1.key)" }) where new.alarms[alarm.key] == nil {
            add(EventKind("alarm.\(alarm.key.name).cleared"), alarm.key.subject, "no longer: \(alarm.message)")
        }
    }
}

extension Alarm.Key {
    /// As the kinds of events have it.
    var name: String {
        switch self {
        case .frozen: "frozen"
        case .held: "held"
        case .network: "network"
        case .stuck: "stuck"
        case .undrain: "undrain"
        }
    }

    fileprivate var subject: String {
        switch self {
        case .frozen: ""
        case .held(let roll): roll.description
        case .network(let machine), .stuck(let machine), .undrain(let machine): machine
        }
    }
}
