import ArgumentParser
import FoundationEssentials
import Logging

#if canImport(Glibc)
import Glibc
#endif

extension LabCommand {
    /// `muster lab run`
    struct Run: AsynchronousCommand {
        static let configuration = CommandConfiguration(
            abstract: "Boot machines from the network, their console here, until they are switched off.",
            discussion: """
                Without a terminal it ends when the systems are up (status 0), or after 10 minutes (status 1).
                """
        )

        @OptionGroup var options: Options
        @OptionGroup var common: CommonOptions

        func validate() throws {
            guard options.count > 0 else {
                throw ValidationError("found 0 for --machines, expected 1 or more to watch")
            }
        }

        func run() async throws {
            let configuration = try common.load().configuration
            let missing = await LabRequirements.missing(for: options.firmware)
            guard missing.isEmpty else {
                return try await LabFallback(configuration: configuration, reasons: missing).run()
            }
            let directory = configuration.data + "/lab"
            let accelerator = try await options.prepare(directory, mirror: configuration.debian.mirror)
            let hasTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
            let mode: LabSession.Mode = hasTerminal && options.count == 1 ? .terminal : .untilUp
            Terminal.warn(
                "booting \(options.count) \(options.firmware.rawValue) machine(s) from the network, \(accelerator)"
                    + (mode == .terminal ? "; Control-A X switches it off" : "")
            )
            try become(options.holdCommand(directory: directory, mode: mode, accelerator: accelerator))
        }

        /// Replaces this process, so that signals and the terminal are the lab's own.
        private func become(_ command: [String]) throws {
            var arguments = command.map { strdup($0) } + [nil]
            execvp(command[0], &arguments)
            throw LabError("cannot run \(command[0]): \(String(cString: strerror(errno)))")
        }
    }
}

extension LabCommand.Options {
    /// Fetches and makes what the lab needs, saying so on standard error.
    /// - Returns: the words for `-accel`.
    func prepare(_ directory: String, mirror: String?) async throws -> String {
        let logger = Logger(label: "lab") { StreamLogHandler.standardError(label: $0) }
        let preparation = LabPreparation(
            directory: directory,
            mirror: mirror,
            logger: logger,
            definition: try definition.map { try LabDefinition(path: $0, root: root) },
            recipes: recipes
        )
        return try await preparation.prepare(firmware)
    }
}
