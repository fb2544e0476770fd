import Inventory
import PXE
import Rollout
import Vocabulary

/// The ledger's rows and the values that the rules and the wire speak of: the same facts in two spellings.
extension MachineStateRecord {
    init(machine: String, _ state: MachineBootState) {
        self.init(
            machine: machine,
            desired: state.desired,
            assigned: state.assigned,
            lastGood: state.lastGood,
            running: state.running,
            triesLeft: state.triesLeft,
            generation: Int64(state.generation),
            phase: state.phase.rawValue,
            bootEpoch: Int64(state.bootEpoch),
            reason: state.reason,
            deadline: state.deadline,
            failures: state.failures,
            isRescued: state.isRescued
        )
    }

    /// A phase that this version does not know counts as steady.
    var state: MachineBootState {
        MachineBootState(
            desired: desired,
            assigned: assigned,
            lastGood: lastGood,
            running: running,
            triesLeft: triesLeft,
            generation: Int(generation),
            phase: MachineBootState.Phase(rawValue: phase) ?? .steady,
            bootEpoch: Int(bootEpoch),
            reason: reason,
            deadline: deadline,
            failures: failures,
            isRescued: isRescued
        )
    }
}

extension BootRecord {
    /// - Parameter end: how and when it was closed; nil while it is open.
    init(_ boot: OpenBoot, machine: String, details: BootDetails, end: (closed: ClosedBoot, time: Timestamp)? = nil) {
        let state: State =
            switch end?.closed.outcome {
            case .failed: .failed
            case .ended, .superseded: .closed
            case nil where boot.healthy != nil: .healthy
            case nil where boot.up != nil: .up
            case nil: boot.fetched != nil ? .fetched : .open
            }
        self.init(
            id: boot.id,
            machine: machine,
            mac: details.mac,
            image: boot.image,
            profile: details.profile,
            release: details.release,
            architecture: details.architecture,
            state: state,
            spentTry: details.spentTry,
            opened: boot.begun,
            fetched: boot.fetched,
            up: boot.up,
            healthy: boot.healthy,
            closed: end?.time,
            reason: end?.closed.reason ?? boot.ailment,
            token: details.token,
            facts: details.facts,
            isRescue: boot.isRescue,
            cause: details.cause
        )
    }

    /// The boot as the rules see it.
    func open(lastGood: Digest?) -> OpenBoot {
        OpenBoot(
            id: id,
            image: image,
            isTrial: !isRescue && image != lastGood,
            begun: opened,
            fetched: fetched,
            up: up,
            healthy: healthy,
            ailment: healthy == nil ? nil : reason,
            isHandedOut: token != .none,
            isRescue: isRescue
        )
    }
}
