import Inventory
import Rollout
import Vocabulary

/// What a roll does outside of its rows: each call ends in a reason or an outcome, within a deadline of its own, and may
/// be made again after a crash.
protocol RollHands: Sendable {
    /// Whether anything here could make the machine reboot now: its agent, its BMC or a hook.
    func canReboot(_ machine: Machine) -> Bool
    /// - Parameter hard: by power, not by asking the system on it, where there is a way.
    func reboot(_ machine: Machine, hard: Bool) async -> Errand.Outcome
    /// - Parameter isBack: the machine's work may come back; false to take it away.
    func drain(_ hook: RollSpec.Drain.Hook, _ machine: Machine, isBack: Bool) async -> Errand.Outcome
    func ask(_ gate: RollSpec.Gate) async -> RollRow.GateOutcome
}
