import Inventory
import Rollout
import Vocabulary

extension MachineSlot {
    var standing: MachineStanding {
        MachineStanding(machine: machine, state: state, boot: open, lastHeard: lastHeard)
    }

    /// Takes over what the plans say now.
    /// - Returns: true when that changed the machine's state.
    @discardableResult
    func take(_ plan: MachinePlan) -> Bool {
        plan.rules.intend(plan.desired, for: &state)
    }

    /// What a script would get that begins a boot now.
    ///
    /// - Returns: what the rules choose, and the image, which is the rescue image where that has its turn.
    func preview(_ plan: MachinePlan, now: Timestamp) -> (choice: BootRules.Choice, image: Digest?) {
        var state = state
        var open = open
        let decision = plan.rules.scriptRequested(
            &state,
            open: &open,
            adopt: plan.adopt,
            rescue: plan.rescue,
            now: now,
            makeID: { .preview }
        )
        switch decision {
        case .join(let boot), .begin(let boot, _):
            let choice = plan.rules.choice(state, now: now)
            return (choice.image == boot.image || boot.isRescue ? choice : .trial(boot.image), boot.image)
        case .wait(let choice, _): return (choice, choice.image)
        }
    }

    /// What the timeline and the events say of a boot that turned healthy.
    func healthyRows(of open: OpenBoot, now: Moment) -> [LedgerRow] {
        let message = "\(machine) is healthy on \(open.image.short)"
        return [
            TimelineNote(stage: .healthy, detail: "", time: now.wall).row(of: open.id),
            EventKind.bootHealthy.row(machine, message, at: now.wall, cause: open.id.rawValue),
        ]
    }

    /// What the ledger and the events say of a boot that is over.
    func closingRows(_ closed: ClosedBoot, details: BootDetails, now: Moment) -> [LedgerRow] {
        let boot = closed.boot
        var rows: [LedgerRow] = [
            .boot(BootRecord(boot, machine: machine, details: details, end: (closed, now.wall))),
            TimelineNote(stage: closed.outcome == .failed ? .failed : .closed, detail: closed.reason, time: now.wall)
                .row(of: boot.id),
        ]
        if closed.outcome == .failed {
            rows.append(
                EventKind.bootFailed.row(
                    machine,
                    "\(machine) \(closed.reason) on \(boot.image.short)",
                    at: now.wall,
                    cause: boot.id.rawValue
                )
            )
            if state.phase == .reverted, let reason = state.reason {
                rows.append(EventKind.machineReverted.row(machine, reason, at: now.wall, cause: boot.id.rawValue))
            }
        }
        return rows
    }
}
