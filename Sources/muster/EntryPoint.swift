import ArgumentParser

/// Where the process begins: on one thread, which `serve` needs to change its user before there are more.
///
/// Credentials belong to a thread in Linux. A process whose `main` is asynchronous may have threads before its first
/// line; so this one is not, and asynchronous commands get their threads after `prepare()`.
@main
enum EntryPoint {
    static func main() {
        do {
            var command = try Muster.parseAsRoot()
            if let preparing = command as? any PreparingCommand { try preparing.prepare() }
            if let asynchronous = command as? any AsynchronousCommand {
                try waitForTask {
                    var command = asynchronous
                    try await command.run()
                }
            } else {
                try command.run()
            }
        } catch {
            // What is no fault of the command line is said as everything else is that we say.
            guard Muster.exitCode(for: error) == .failure, !(error is ExitCode) else { Muster.exit(withError: error) }
            Terminal.warn(Muster.message(for: error))
            Muster.exit(withError: ExitCode.failure)
        }
    }
}

/// A command that waits for servers.
protocol AsynchronousCommand: AsyncParsableCommand, Sendable {}

/// A command that has to do something while the process still has a single thread.
protocol PreparingCommand: ParsableCommand {
    func prepare() throws
}

/// The whole of `muster`.
struct Muster: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "muster",
        abstract: "Boots machines from the network onto immutable images.",
        discussion: """
            Exit status: 0 done, 1 failed, 2 would change or not converged, 3 refused by policy, 64 bad usage.
            """,
        version: "muster \(BuildInfo.version) (commit \(BuildInfo.commit))",
        groupedSubcommands: [
            CommandGroup(
                name: "Serving",
                subcommands: [Serve.self, ConfigCommand.self, DoctorCommand.self, TokenCommand.self]
            ),
            CommandGroup(
                name: "Machines",
                subcommands: [
                    ApplyCommand.self, GetCommand.self, DescribeCommand.self, WhyCommand.self, LogsCommand.self,
                    AssignCommand.self, AcceptCommand.self, RejectCommand.self, SetCommand.self,
                ]
            ),
            CommandGroup(
                name: "Rolls and power",
                subcommands: [
                    PlanCommand.self, Roll.self, PowerCommand.self, FreezeCommand.self, ThawCommand.self,
                    PinCommand.self, UnpinCommand.self, RescueCommand.self,
                ]
            ),
            CommandGroup(
                name: "Images",
                subcommands: [BuildCommand.self, PkgCommand.self, ImageCommand.self, CacheCommand.self]
            ),
            CommandGroup(name: "Trying it", subcommands: [LabCommand.self, SimulateCommand.self]),
        ]
    )
}
