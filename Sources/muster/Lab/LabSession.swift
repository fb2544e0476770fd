import Build
import FoundationEssentials
import Subprocess
import Synchronization
import UnixSignals

#if canImport(Glibc)
import Glibc
#endif

/// A running lab: network, server and machines, from the first to the last of them.
///
/// Runs in a network namespace of its own (`LabNetwork`). Whatever ends it, nothing of it stays: machines and server
/// are tied to this process, and the network to the namespace that they all are in.
struct LabSession: Sendable {
    enum Mode: String, Sendable, CaseIterable {
        /// The one machine has our terminal; the lab ends when it is switched off.
        case terminal
        /// Consoles are printed; the lab ends when all systems are up, or too late. Of what was built it waits for the
        /// agents, too: a system that is switched off before it was healthy has failed.
        case untilUp = "until-up"
        /// Consoles are only kept; the lab ends when it is told to.
        case background
    }

    let plan: LabPlan
    let mode: Mode

    /// After this without all systems up, `untilUp` has failed.
    static let limit = Duration.seconds(600)

    private enum Event: Sendable {
        /// The server answers and knows the machines.
        case served
        case ended(machine: String)
        case up(ConsoleScanner.Marker)
        case healthy(ConsoleScanner.Marker)
        case late
        case told(Int32)
        case finished
    }

    /// Runs the lab to its end.
    /// - Returns: the exit status: 0 when it did what it was for.
    func run() async throws -> Int32 {
        guard let lock = try FileLock.tryAcquire(path: LabState.lockPath(in: plan.directory)) else {
            throw LabError(
                "a lab is running in \(plan.directory) already: end it with muster lab down, and the same --data"
            )
        }
        defer {
            LabState.remove(in: plan.directory)
            withExtendedLifetime(lock) {}
        }
        try writeState(isUp: false)
        try Data(plan.configuration.utf8).write(to: URL(filePath: plan.configurationPath), options: .atomic)
        // A socket that a killed server left would be taken for the new one's.
        try? FileManager.default.removeItem(atPath: plan.socket)
        try await LabNetwork.make()
        return try await withThrowingTaskGroup(of: Event.self) { group in
            defer { group.cancelAll() }
            let server = LabServer(plan: plan)
            group.addTask {
                try await server.run()
                return .finished
            }
            group.addTask { .told(await Self.signal()) }
            group.addTask {
                try await server.describeMachines()
                return .served
            }
            return try await wait(for: &group)
        }
    }

    private func wait(for group: inout ThrowingTaskGroup<Event, any Error>) async throws -> Int32 {
        var up: Set<String> = []
        var running = plan.count
        while let event = try await group.next() {
            switch event {
            case .served:
                for machine in plan.machines { try await start(machine, in: &group) }
                try writeState(isUp: true)
                if mode == .untilUp { group.addTask { try await Self.limitReached() } }
            case .up(let marker) where plan.definition != nil && mode == .untilUp:
                let server = LabServer(plan: plan)
                group.addTask {
                    try await server.waitUntilHealthy(marker.boot)
                    return .healthy(marker)
                }
            case .up(let marker):
                up.insert(marker.machine)
            case .healthy(let marker):
                up.insert(marker.machine)
                Terminal.warn("\(marker.machine) is healthy on \(marker.image)")
            case .ended(let machine):
                running -= 1
                if mode == .untilUp, !up.contains(machine) {
                    Terminal.warn("\(machine) ended before its system was up")
                    return 1
                }
                if running == 0, mode != .background { return 0 }
            case .late:
                let missing = plan.machines.map(\.name).filter { !up.contains($0) }
                Terminal.warn("not up after \(Self.limit.components.seconds) s: \(missing.joined(separator: ", "))")
                return 1
            case .told(let signal):
                return mode == .background ? 0 : 128 + signal
            case .finished:
                break
            }
            if mode == .untilUp, up.count == plan.count { return 0 }
        }
        return 0
    }

    private static func limitReached() async throws -> Event {
        try await Task.sleep(for: limit)
        return .late
    }

    private func writeState(isUp: Bool) throws {
        let machines = plan.machines.map {
            LabState.Machine(name: $0.name, mac: $0.mac.description, console: $0.log)
        }
        let state = LabState(process: getpid(), firmware: plan.firmware.rawValue, machines: machines, isUp: isUp)
        try state.write(in: plan.directory)
    }

    /// Waits for the first of the signals that end a process. They end the lab in order instead.
    private static func signal() async -> Int32 {
        for await signal in await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup) { return signal.rawValue }
        return 0
    }
}

// MARK: - Machines

extension LabSession {
    /// Gives the machine a tap, an empty disk and fresh variables, and switches it on.
    private func start(
        _ machine: VirtualMachine,
        in group: inout ThrowingTaskGroup<Event, any Error>
    ) async throws {
        try await LabNetwork.addTap(machine.tap)
        try VirtualMachineFiles.make(for: machine)
        let ipxe = "\(plan.directory)/first-loader.lkrn"
        // What is watched until it is up, or until it is switched off, ends with that.
        let arguments = machine.arguments(ipxe: ipxe, reboots: mode == .background)
        let command = [plan.firmware.emulator] + arguments
        switch mode {
        case .terminal:
            group.addTask {
                _ = try await LabProcess.runInForeground(command)
                return .ended(machine: machine.name)
            }
        case .background:
            group.addTask {
                _ = try await LabProcess.run(command, log: machine.directory + "/qemu.log")
                return .ended(machine: machine.name)
            }
        case .untilUp:
            let prefix = plan.count > 1 ? "\(machine.name)| " : ""
            let (markers, found) = AsyncStream<ConsoleScanner.Marker>.makeStream()
            group.addTask {
                let console = Mutex(LabConsole(prefix: prefix))
                _ = try await LabProcess.run(command) { bytes in
                    for marker in console.withLock({ $0.print(bytes) }) { found.yield(marker) }
                }
                found.finish()
                return .ended(machine: machine.name)
            }
            group.addTask {
                for await marker in markers where marker.machine == machine.name { return .up(marker) }
                return .finished
            }
        }
    }
}
