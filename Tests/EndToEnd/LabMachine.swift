import Build
import Foundation
import Testing

@testable import muster

/// A machine in a running lab's network that a test switches on and off.
struct LabMachine: Sendable {
    let lab: RunningLab
    private let machine: VirtualMachine
    private let command: [String]

    var number: Int { machine.number }
    var name: String { machine.name }

    /// Joins the lab's network; nothing is switched on yet.
    ///
    /// - Parameters:
    ///   - memory: MiB, when not what the firmware needs.
    ///   - reboots: whether a reset starts it again, as it does real machines; else it ends there.
    init(_ number: Int, in lab: RunningLab, memory: Int? = nil, reboots: Bool = false) async throws {
        self.lab = lab
        machine = VirtualMachine(
            number: number,
            firmware: lab.firmware,
            memory: memory ?? lab.firmware.memory,
            accelerator: "tcg",
            directory: "\(lab.data)/lab/machines/lab-\(number)"
        )
        let arguments = machine.arguments(ipxe: nil, reboots: reboots)
        command = try lab.inside + [lab.firmware.emulator] + arguments
        let script = """
            ip link show \(machine.tap) > /dev/null 2>&1 || ip tuntap add dev \(machine.tap) mode tap
            ip link set \(machine.tap) master \(LabNetwork.bridge) up
            """
        try await lab.runInside(["sh", "-e", "-c", script])
    }

    /// Switches it on for as long as `body` takes. Disk, variables and console are new each time.
    func whileOn<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        try VirtualMachineFiles.make(for: machine)
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                let status = try await LabProcess.run(command, log: machine.directory + "/qemu.log")
                guard !Task.isCancelled else { return nil }
                throw LabError("\(name) ended (\(status)); its console: \(lab.consoleEnd(of: number))")
            }
            group.addTask { try await body() }
            return try #require(try await group.next() ?? nil)
        }
    }

    /// Switches it on until the server knows that it is healthy, then off.
    @discardableResult
    func bootsHealthily() async throws -> RunningLab.Boot {
        try await whileOn {
            let marker = try await lab.marker(of: number)
            #expect(marker.machine == name)
            return try await lab.boot(marker.boot, in: "healthy")
        }
    }

    /// Lets no more than so many bits a second through to the machine; nil for as many as go.
    func limit(megabits: Int?) async throws {
        let rate = megabits.map { ["replace", "dev", machine.tap, "root", "tbf", "rate", "\($0)mbit"] }
        let words = rate.map { $0 + ["burst", "64kb", "latency", "400ms"] } ?? ["del", "dev", machine.tap, "root"]
        try await lab.runInside(["tc", "qdisc"] + words)
    }
}
