import Inventory
import Rollout
import Vocabulary

/// Switches machines by whatever each of them has: its agent, Redfish, IPMI, a program, a magic packet.
///
/// Thread-safe.
final class PowerDesk: Sendable {
    /// Machines that are switched at once by one call.
    static let mostAtOnce = 64

    struct Configuration: Sendable {
        var timing = PowerTiming()
        /// Where what was learned of management controllers is kept.
        var memory: String
        /// The provisioning networks' interfaces, for magic packets.
        var interfaces: [String] = []
        /// By path, or by name from the search path.
        var ipmitool = "ipmitool"

        init(memory: String) { self.memory = memory }
    }

    let counters = PowerCounters()
    let memory: BMCMemory
    let door: BMCDoor
    private let configuration: Configuration
    private let book: BootBook
    private let orders: OrderDesk
    private let write: @Sendable ([LedgerRow]) -> Void

    /// - Parameter write: takes events.
    init(
        _ configuration: Configuration,
        book: BootBook,
        orders: OrderDesk,
        write: @escaping @Sendable ([LedgerRow]) -> Void
    ) {
        self.configuration = configuration
        memory = BMCMemory(directory: configuration.memory)
        door = BMCDoor(counters: counters, rest: configuration.timing.rest)
        self.book = book
        self.orders = orders
        self.write = write
    }

    var timing: PowerTiming { configuration.timing }
    var ipmitool: String { configuration.ipmitool }

    /// How often, and since it started.
    var counts: PowerCounts {
        var counts = counters.counts
        counts.resting = door.resting
        return counts
    }

    /// Whether anything could make the machine boot again now.
    func canReboot(_ machine: Machine) -> Bool {
        if AgentPower.boot(of: machine.name, in: book) != nil { return true }
        guard let access = try? machine.powerAccess() else { return false }
        return access.redfish != nil || access.ipmi != nil || !access.exec.isEmpty
    }

    /// Does it by the first driver that can, and says why all of them could not otherwise.
    ///
    /// - Parameter isHard: a reboot without asking the machine's system, unless nothing else is there.
    func perform(_ action: PowerAction, on machine: Machine, isHard: Bool = false) async -> PowerResult {
        var result = PowerResult(machine: machine.name)
        say(.powerRequested, machine, action, "was asked for")
        let drivers: [any PowerDriver]
        do {
            drivers = try self.drivers(for: action, of: machine, isHard: isHard)
        } catch {
            result.failure = "\(error)"
            say(.powerFailed, machine, action, "\(error)")
            return result
        }
        let bootsBefore = boots(of: machine)
        var reasons: [String] = []
        for driver in drivers {
            let name = type(of: driver).name
            result.driver = name
            do {
                let outcome = try await driver.perform(isHard ? action.hard : action)
                counters.count(name, action, isDone: true)
                result.state = outcome.state?.rawValue
                result.note = outcome.note
                say(.powerDone, machine, action, "by \(name)" + (outcome.note.map { "; \($0)" } ?? ""))
                return result
            } catch {
                counters.count(name, action, isDone: false)
                reasons.append("\(name): \(error is CancellationError ? "the server stops" : "\(error)")")
            }
            if Task.isCancelled { break }
            if action.endsInBoot, boots(of: machine) != bootsBefore {
                result.note = reasons.last.map { "it boots, though \($0)" }
                say(.powerDone, machine, action, result.note ?? "")
                return result
            }
        }
        if action == .status, drivers.isEmpty { result.state = PowerState.unknown.rawValue }
        result.failure = reasons.isEmpty ? Self.noWay(action) : reasons.joined(separator: "; ")
        say(.powerFailed, machine, action, result.failure ?? "")
        return result
    }

    /// How many boots it has begun.
    func boots(of machine: Machine) -> Int { book.standing(of: machine.name)?.state.bootEpoch ?? 0 }

    private static func noWay(_ action: PowerAction) -> String {
        switch action {
        case .on: "nothing can switch it on: give it `bmc:` with redfish, ipmi, exec or wakeOnLAN"
        case .off, .reboot:
            "nothing can reach it: its system has no agent that runs, and it has no `bmc:` with redfish, ipmi or exec"
        case .cycle, .status: "nothing can switch it: give it `bmc:` with redfish, ipmi or exec"
        }
    }

    /// In the order in which they are tried.
    private func drivers(for action: PowerAction, of machine: Machine, isHard: Bool) throws -> [any PowerDriver] {
        let access = try machine.powerAccess()
        let agent = AgentPower(machine: machine.name, book: book, orders: orders)
        var drivers: [any PowerDriver] = []
        if let access {
            if let redfish = access.redfish {
                drivers.append(RedfishPower(machine: machine, access: access, redfish: redfish, desk: self))
            }
            if let ipmi = access.ipmi {
                drivers.append(IPMIPower(machine: machine, access: access, ipmi: ipmi, desk: self))
            }
            if !access.exec.isEmpty {
                drivers.append(ExecPower(machine: machine.name, arguments: access.exec, timing: timing))
            }
        }
        if action == .reboot || action == .cycle {
            drivers = drivers.filter { !$0.isSpent } + drivers.filter(\.isSpent)
        }
        switch action {
        case .on:
            if let cards = access?.wakeOnLAN, !cards.isEmpty {
                drivers.append(WakeOnLAN(cards: cards, interfaces: configuration.interfaces))
            }
        case .off, .reboot:
            if !isHard { drivers.insert(agent, at: 0) } else if drivers.isEmpty { drivers.append(agent) }
        case .cycle: break
        case .status: if AgentPower.boot(of: machine.name, in: book) != nil { drivers.append(agent) }
        }
        return drivers
    }

    private func say(_ kind: EventKind, _ machine: Machine, _ action: PowerAction, _ words: String) {
        if action != .status { say(kind, machine, "power \(action.rawValue) \(words)") }
    }

    func say(_ kind: EventKind, _ machine: Machine, _ words: String) {
        write([kind.row(machine.name, "\(machine.name): \(words)", at: Moment.now().wall)])
    }
}

extension PowerAction {
    /// What a driver is asked for when the machine's system is not to be asked.
    fileprivate var hard: PowerAction { self == .reboot ? .cycle : self }

    fileprivate var endsInBoot: Bool {
        switch self {
        case .on, .cycle, .reboot: true
        case .off, .status: false
        }
    }
}

extension EventKind {
    static let powerRequested = EventKind("power.requested")
    static let powerDone = EventKind("power.done")
    static let powerFailed = EventKind("power.failed")
}
