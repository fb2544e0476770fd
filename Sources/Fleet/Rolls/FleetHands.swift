import Inventory
import Rollout
import Vocabulary

/// What rolls do to machines, really.
struct FleetHands: RollHands {
    let power: PowerDesk

    func canReboot(_ machine: Machine) -> Bool { power.canReboot(machine) }

    func reboot(_ machine: Machine, hard: Bool) async -> Errand.Outcome {
        let result = await power.perform(.reboot, on: machine, isHard: hard)
        return result.failure.map { .refused($0) } ?? .done
    }

    func drain(_ hook: RollSpec.Drain.Hook, _ machine: Machine, isBack: Bool) async -> Errand.Outcome {
        await DrainHook(hook: hook).tell(machine, isBack: isBack)
    }

    func ask(_ gate: RollSpec.Gate) async -> RollRow.GateOutcome { await GateQuestion(gate: gate).ask() }
}
