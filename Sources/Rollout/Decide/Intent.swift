import Vocabulary

/// One change of the rows that the engine wants. It is stored, by `FleetRows.apply`, before anything is done outside;
/// what is to be done then stands in the rows as errands and gate questions.
///
/// `generation` is that of the machine's part, so that an intent finds only the turn that it was meant for.
public enum Intent: Hashable, Sendable {
    /// What came of a machine's turn.
    public enum Outcome: Hashable, Sendable {
        case done
        /// - Parameter reverts: whether the image is to blame, or may be: the machine goes back to what it was good on.
        case failed(String, reverts: Bool)
        /// Passed over: it keeps what it has.
        case skipped(String)
    }

    case freeze(String)
    /// - Parameter generation: the one that the machine has afterwards.
    case grant(machine: String, roll: RollID, generation: Int)
    /// - Parameter number: of the errand that it begins, here and below.
    case drain(machine: String, generation: Int, number: Int, deadline: ObservedTime)
    case reboot(machine: String, generation: Int, number: Int, hard: Bool, deadline: ObservedTime)
    /// The machine began to boot after its grant.
    case notice(machine: String, generation: Int, epoch: Int, deadline: ObservedTime)
    case settle(machine: String, roll: RollID, generation: Int, Outcome)
    /// The grant is taken back before the machine booted.
    case undo(machine: String, generation: Int)
    case undrain(machine: String, generation: Int, number: Int)
    /// A failed machine that does not come back is made to reboot, once.
    case recover(machine: String, generation: Int, number: Int)

    case bake(RollID, stage: Int, until: ObservedTime)
    case ask(RollID, stage: Int, gate: Int)
    case advance(RollID, to: Int)
    case hold(RollID, RollRow.Hold)
    case rollBack(RollID, as: RollID)
    case finish(RollID)
    case stall(RollID, since: ObservedTime?)

    case raise(Alarm)
    case clear(Alarm.Key)
}
