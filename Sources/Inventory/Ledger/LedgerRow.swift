import Vocabulary

/// One row of the ledger: what is written, and what is handed on to the inventory afterwards.
public enum LedgerRow: Hashable, Sendable {
    /// Replaces what was kept for the address.
    case lease(Lease)
    /// Replaces what was kept for the boot.
    case boot(BootRecord)
    case timeline(TimelineEntry)
    /// Replaces what was kept for the machine.
    case machineState(MachineStateRecord)
    /// Replaces what was kept for the MAC.
    case waiting(WaitingMachine)
    case event(EventRecord)
    /// Replaces what was kept for the roll.
    case roll(RollRecord)
    /// Replaces what was kept for the machine in that roll.
    case rollMember(RollMemberRecord)
    /// Replaces what was kept for the machine.
    case machineHealth(machine: String, document: String)
    /// Replaces what was kept under the name.
    case driver(name: String, document: String)
}

/// A roll, as the driver's own document.
public struct RollRecord: Hashable, Sendable {
    public var id: Int
    public var document: String
    /// nil while it is open.
    public var ended: Timestamp?

    public init(id: Int, document: String, ended: Timestamp? = nil) {
        self.id = id
        self.document = document
        self.ended = ended
    }
}

/// One machine's part in a roll, as the driver's own document.
public struct RollMemberRecord: Hashable, Sendable {
    public var roll: Int
    public var machine: String
    public var document: String

    public init(roll: Int, machine: String, document: String) {
        self.roll = roll
        self.machine = machine
        self.document = document
    }
}

/// A row as it stands since the change with this number.
public struct LedgerChange: Hashable, Sendable {
    public var seq: Int64
    public var row: LedgerRow

    public init(seq: Int64, row: LedgerRow) {
        self.seq = seq
        self.row = row
    }
}
