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
