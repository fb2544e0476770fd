import ArgumentParser
import Build
import FoundationEssentials
import Subprocess

#if canImport(Glibc)
import Glibc
#endif
#if canImport(System)
import System
#else
import SystemPackage
#endif

extension LabCommand {
    /// `muster lab up`
    struct Up: AsynchronousCommand {
        static let configuration = CommandConfiguration(
            abstract: "Boot machines from the network in the background."
        )

        @OptionGroup var options: Options
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let configuration = try common.load().configuration
            let missing = await LabRequirements.missing(for: options.firmware)
            guard missing.isEmpty else { throw LabError("no lab can be made here: " + missing.joined(separator: "; ")) }
            let directory = configuration.data + "/lab"
            if let running = try LabState.running(in: directory) {
                throw LabError(
                    "a lab is up already, process \(running.process): end it with \(common.again("lab down"))"
                )
            }
            let accelerator = try await options.prepare(directory, mirror: configuration.debian.mirror)
            let hold = options.holdCommand(directory: directory, mode: .background, accelerator: accelerator)
            try await detach(hold, log: directory + "/lab.log")
            let state = try await waitUntilUp(directory)
            for machine in state.machines {
                Terminal.print("\(machine.name)   \(machine.mac)   \(machine.console)")
            }
            var inside = common
            (inside.data, inside.file) = (directory, nil)
            Terminal.print(
                """
                server: \(inside.again("get machines"))
                inside: nsenter --net --target \(state.process)
                the end: \(common.again("lab down"))
                """
            )
        }

        /// Starts the lab in a session of its own, where it stays when this process and its terminal are gone.
        private func detach(_ command: [String], log: String) async throws {
            let file = try FileDescriptor.open(
                log,
                .writeOnly,
                options: [.create, .truncate, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead]
            )
            defer { try? file.close() }
            _ = try await Subprocess.run(
                .name("setsid"),
                arguments: Arguments(["--fork"] + command),
                environment: LabProcess.environment,
                output: .fileDescriptor(file, closeAfterSpawningProcess: false),
                error: .combinedWithOutput
            )
        }

        private func waitUntilUp(_ directory: String) async throws -> LabState {
            let clock = ContinuousClock()
            let began = clock.now
            while true {
                let state = try LabState.running(in: directory)
                if let state, state.isUp { return state }
                // The lab takes its lock at once; without one after a while, it has ended.
                let hasEnded = state == nil && clock.now - began > .seconds(5)
                if hasEnded || clock.now - began > .seconds(90) {
                    let log = (try? String(contentsOfFile: directory + "/lab.log", encoding: .utf8)) ?? ""
                    throw LabError(
                        "the lab did not come up:\n" + log.split(separator: "\n").suffix(8).joined(separator: "\n")
                    )
                }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// `muster lab down`
    struct Down: AsynchronousCommand {
        static let configuration = CommandConfiguration(
            abstract: "End the lab that runs, with its machines and its network."
        )

        @OptionGroup var common: CommonOptions

        func run() async throws {
            let directory = try common.load().configuration.data + "/lab"
            guard let state = try LabState.running(in: directory) else {
                LabState.remove(in: directory)
                return Terminal.print("no lab is running in \(directory)")
            }
            // In order first; what does not listen is killed, and the kernel ends everything that is tied to it.
            for (signal, patience) in [(SIGTERM, Duration.seconds(15)), (SIGKILL, .seconds(5))] {
                guard kill(state.process, signal) == 0 || errno == ESRCH else {
                    throw LabError("cannot end process \(state.process): \(String(cString: strerror(errno)))")
                }
                if try await hasEnded(state.process, in: directory, within: patience) {
                    LabState.remove(in: directory)
                    return Terminal.print("the lab is down")
                }
            }
            throw LabError("the lab's process \(state.process) does not end")
        }

        private func hasEnded(_ process: Int32, in directory: String, within patience: Duration) async throws -> Bool {
            let clock = ContinuousClock()
            let deadline = clock.now + patience
            while clock.now < deadline {
                // A process that nobody has waited for yet is still there, without a command line.
                let command = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data()
                if command.isEmpty, try FileLock.tryAcquire(path: LabState.lockPath(in: directory)) != nil {
                    return true
                }
                try await Task.sleep(for: .milliseconds(50))
            }
            return false
        }
    }
}
