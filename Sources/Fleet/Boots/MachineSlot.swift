import Inventory
import PXE
import Rollout
import Vocabulary

/// What the ledger says about a boot beside what the rules need.
struct BootDetails: Sendable {
    /// The card that asked first.
    var mac: MACAddress
    var profile: String?
    /// What the profile came to as the boot began; nil for none, or for one that is gone.
    var plan: ProfilePlan?
    var release: Int?
    var architecture: Architecture?
    var spentTry = false
    /// Whether the image contains our agent.
    var hasAgent = false
    var token = BootRecord.Token.none
    /// What the system found out about the machine, as one JSON object.
    var facts: String?

    /// What granted the image that it tries: `roll 42`; nil when nobody did lately.
    var cause: String?

    /// What the system fetches after its initrd; nil for nothing.
    var root: RootDownload?

    /// Why the machine did not count as healthy when it was last asked.
    var complaint: String?

    var rules: BootRules { plan?.rules ?? BootRules() }
    var health: HealthCheck {
        plan?.health(hasAgent: hasAgent) ?? (hasAgent ? .reported : .settled(rules.settle))
    }
}

/// How far a machine is with the root of its image.
struct RootDownload: Sendable {
    let digest: Digest
    var coverage = ByteCoverage()
    var isWhole = false
}

/// How a boot's health is found out.
enum HealthCheck: Hashable, Sendable {
    /// The machine says so.
    case reported
    /// It stays alone for this long after its last byte.
    case settled(Duration)
    /// It answers.
    case http(HTTPProbe)
    case tcp(port: UInt16)
}

/// Something that was seen of a boot, before or after it had an id.
struct TimelineNote: Hashable, Sendable {
    var stage: TimelineEntry.Stage
    var detail: String
    var time: Timestamp

    func row(of boot: BootID) -> LedgerRow {
        .timeline(TimelineEntry(boot: boot, time: time, stage: stage, detail: detail))
    }
}

/// The part of a boot between its script and its last byte.
///
/// `@unchecked`: belongs to a `MachineSlot`, and like it is touched only under the mutex of the `BootBook`.
final class Download: @unchecked Sendable {
    let instructions: BootInstructions
    /// Of the whole image.
    let bytes: UInt64
    var kernel = ByteCoverage()
    var initrd = ByteCoverage()
    var isKernelWhole = false
    var isInitrdWhole: Bool
    var isSegmentWhole: Bool
    /// When the boot was begun, or bytes of it last left (uptime).
    var lastProgress: Duration
    /// Scripts asked for, the first included.
    var asked = 1
    /// Who waits for the boot to be on disk; nil once that is settled.
    var waiting: [ScriptReply]? = []

    init(_ instructions: BootInstructions, bytes: UInt64, now: Moment) {
        self.instructions = instructions
        self.bytes = bytes
        lastProgress = now.uptime
        isInitrdWhole = !instructions.hasInitrd
        isSegmentWhole = !instructions.hasSegment
    }

    var isWhole: Bool { isKernelWhole && isInitrdWhole && isSegmentWhole }
}

/// A script request that waits for its answer, and the card that it came from.
struct ScriptReply: Sendable {
    var mac: MACAddress
    var send: @Sendable (BootAnswer) -> Void
}

/// Everything that is known about one machine's booting.
///
/// `@unchecked`: touched only under the mutex of the `BootBook` that it belongs to.
final class MachineSlot: @unchecked Sendable {
    let machine: String
    var state: MachineBootState { didSet { if state != oldValue { note() } } }
    var open: OpenBoot? { didSet { if open != oldValue { note() } } }
    /// Not nil while `open` is not.
    var details: BootDetails?
    /// Not nil while `open` is not fetched whole.
    var download: Download?
    /// What was seen before there was a boot to write it to.
    var prelude: [TimelineNote] = []
    /// What it said about itself when it last asked; nil before it did.
    var identity: MachineIdentity?
    /// What it said in DHCP to be.
    var discoveredArchitecture: Architecture?
    /// What its system found out about it when it last reported.
    var reportedFacts: [String: JSONValue]?
    /// When its system was last heard of; nil since the server started.
    var lastHeard: Timestamp?
    /// When its system was last heard of (uptime), and whether it says again and again that it lives.
    var heard: Duration = .zero
    var beats = false
    /// What reports brought that the ledger could not take: written with the next one, and with what the state and the
    /// boot are by then. nil when nothing is owed.
    var unwritten: [LedgerRow]?
    /// Who granted what it is assigned, and which grant that was.
    var granted: (cause: String, generation: Int)?
    /// Its last boot, when that said that it failed: its system may still ask for orders.
    var failed: (boot: BootID, token: BootRecord.Token)?
    /// Where changes of `state` and `open` are noted; nil for a copy.
    private let changes: ChangedMachines?
    /// It stands in `changes`.
    var isNoted = false

    init(machine: String, state: MachineBootState = MachineBootState(), changes: ChangedMachines? = nil) {
        self.machine = machine
        self.state = state
        self.changes = changes
    }

    /// Has the rollout driver look at the machine.
    func note() {
        guard let changes, !isNoted else { return }
        isNoted = true
        changes.add(machine)
    }

    /// Keeps a note for the boot to come, once for each stage and detail, and few of them.
    func remember(_ note: TimelineNote) {
        if let index = prelude.firstIndex(where: { $0.stage == note.stage && $0.detail == note.detail }) {
            prelude[index].time = note.time
            return
        }
        if prelude.count >= 16 { prelude.removeFirst() }
        prelude.append(note)
    }

    var stateRow: LedgerRow { .machineState(MachineStateRecord(machine: machine, state)) }

    /// The open boot's row; nil without one.
    var bootRow: LedgerRow? {
        guard let open, let details else { return nil }
        return .boot(BootRecord(open, machine: machine, details: details))
    }
}
