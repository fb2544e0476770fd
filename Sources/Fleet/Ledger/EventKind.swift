import Inventory
import Vocabulary

/// What happens to the fleet, as stable dotted names that people filter by.
struct EventKind: Hashable, Sendable {
    let name: String
    init(_ name: String) { self.name = name }

    static let machineWaiting = EventKind("machine.waiting")
    static let machineAccepted = EventKind("machine.accepted")
    static let machineRejected = EventKind("machine.rejected")
    static let machineSet = EventKind("machine.set")
    static let machineGranted = EventKind("machine.granted")
    static let machinePinned = EventKind("machine.pinned")
    static let machineUnpinned = EventKind("machine.unpinned")
    static let machineRescued = EventKind("machine.rescued")
    static let machineReverted = EventKind("machine.reverted")
    /// What rolls do, and what becomes of them; what a roll did to a machine has the roll as the cause.
    static let rollStarted = EventKind("roll.started")
    static let rollStage = EventKind("roll.stage")
    static let rollHeld = EventKind("roll.held")
    static let rollPaused = EventKind("roll.paused")
    static let rollResumed = EventKind("roll.resumed")
    static let rollEnded = EventKind("roll.ended")
    static let rollMachineDraining = EventKind("roll.machine.draining")
    static let rollMachineRebooting = EventKind("roll.machine.rebooting")
    static let rollMachineDone = EventKind("roll.machine.done")
    static let rollMachineFailed = EventKind("roll.machine.failed")
    static let rollMachineSkipped = EventKind("roll.machine.skipped")
    /// A grant was taken back before the machine booted, or a failed machine gets another turn.
    static let rollMachineWaiting = EventKind("roll.machine.waiting")
    static let fleetFrozen = EventKind("fleet.frozen")
    static let fleetThawed = EventKind("fleet.thawed")
    /// Of an image that was granted lately, with who granted it as the cause; later events of the boot have its id.
    static let bootBegun = EventKind("boot.begun")
    /// Of such a boot too: others are too many, and stand in the list of boots.
    static let bootFetched = EventKind("boot.fetched")
    static let bootHealthy = EventKind("boot.healthy")
    static let bootFailed = EventKind("boot.failed")
    static let bootSilent = EventKind("boot.silent")
    static let bootAiling = EventKind("boot.ailing")
    static let bootLooping = EventKind("boot.looping")
    /// Somebody asked for a machine's segment who may not have it, or not again.
    static let segmentRefused = EventKind("segment.refused")
    static let segmentFailed = EventKind("segment.failed")
    /// A report or a question for orders came with a wrong token, or from another address.
    static let tokenRefused = EventKind("token.refused")
    static let rogueServer = EventKind("dhcp.rogueServer")
    static let declined = EventKind("dhcp.declined")
    static let poolExhausted = EventKind("dhcp.poolExhausted")
    static let releaseCreated = EventKind("release.created")
    /// With what began it as the cause, as its end and its failure are.
    static let buildStarted = EventKind("build.started")
    static let buildFinished = EventKind("build.finished")
    static let buildFailed = EventKind("build.failed")
    /// Somebody changed something, or tried to: who is the subject, what for the cause.
    static let auditWrite = EventKind("audit.write")
    /// Somebody asked the API for something without a token that may have it.
    static let accessRefused = EventKind("access.refused")
    static let inventoryUnavailable = EventKind("inventory.unavailable")
    static let inventoryAvailable = EventKind("inventory.available")
    static let ledgerAvailable = EventKind("ledger.available")

    /// The row to write.
    func row(_ subject: String, _ message: String, at time: Timestamp, cause: String? = nil) -> LedgerRow {
        .event(EventRecord(time: time, kind: name, subject: subject, message: message, cause: cause))
    }
}
