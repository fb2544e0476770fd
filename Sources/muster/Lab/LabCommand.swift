import ArgumentParser
import Build
import FoundationEssentials
import Logging
import Vocabulary

#if canImport(Glibc)
import Glibc
#endif

/// `muster lab`
struct LabCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab",
        abstract: "A private network with virtual machines on this host, to try all of it.",
        subcommands: [Run.self, Up.self, Down.self, Hold.self],
        defaultSubcommand: Run.self
    )

    /// What the lab's machines are.
    struct Options: ParsableArguments, Sendable {
        @Option(help: .init("\(LabFirmware.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "kind"))
        var firmware = LabFirmware.bios

        @Option(
            name: [.customLong("machines"), .customLong("count")],
            help: .init(
                "How many machines; with 0, up makes a network and a server for machines of yours.",
                valueName: "n"
            )
        )
        var count = 1

        @Option(help: .init("MiB of memory for each, when not what the firmware needs.", valueName: "mib"))
        var memory: Int?

        @Option(
            name: [.customLong("image")],
            help: .init(
                "A LinuxKit YAML that they run, built when the first one asks; else an image that only says it is up.",
                valueName: "file.yml"
            )
        )
        var definition: String?

        @Option(
            help: .init("Let them fetch the root of --image when they boot: squashfs or erofs.", valueName: "type")
        )
        var root: RootType?

        @Option(help: .init("Where the recipes of its localhost/ images are.", valueName: "dir"))
        var recipes: String?

        /// What the lab's server does; `proxy` wants another DHCP server on the bridge, for tests.
        @Option(help: .hidden)
        var dhcp = Configuration.DHCP.Mode.server

        static let mostMachines = 64

        func validate() throws {
            guard (0...Self.mostMachines).contains(count) else {
                throw ValidationError("found \(count) for --machines, expected 0 to \(Self.mostMachines)")
            }
            guard recipes == nil || definition != nil else {
                throw ValidationError("--recipes are of the images that --image FILE.yml names, which is missing")
            }
            guard root == nil || definition != nil else {
                throw ValidationError("--root is of the image that --image FILE.yml names, which is missing")
            }
            if let memory, !(128...65536).contains(memory) {
                throw ValidationError("found \(memory) for --memory, expected 128 to 65536 MiB")
            }
        }
    }

    /// The network namespace's inside: everything but the packages, which need the network outside.
    struct Hold: AsynchronousCommand {
        static let configuration = CommandConfiguration(commandName: "hold", shouldDisplay: false)

        @Option var directory: String
        @Option var mode: LabSession.Mode
        @Option var accelerator: String
        @OptionGroup var options: Options

        func run() async throws {
            let definition = try options.definition.map { try LabDefinition(path: $0, root: options.root) }
            let leastMemory = definition == nil ? 0 : LabDefinition.memory
            let plan = LabPlan(
                directory: directory,
                firmware: options.firmware,
                count: options.count,
                memory: options.memory ?? max(options.firmware.memory, leastMemory),
                accelerator: accelerator,
                dhcp: options.dhcp,
                definition: definition
            )
            throw ExitCode(try await LabSession(plan: plan, mode: mode).run())
        }
    }
}

extension LabSession.Mode: ExpressibleByArgument {}
extension RootType: ExpressibleByArgument {}
extension Configuration.DHCP.Mode: ExpressibleByArgument {}

extension LabCommand.Options {
    /// The command that runs the lab in a network namespace of its own.
    func holdCommand(directory: String, mode: LabSession.Mode, accelerator: String) -> [String] {
        var command = [
            "unshare", "--net", "--", LabProcess.ownPath, "lab", "hold", "--directory", directory,
            "--mode", mode.rawValue, "--accelerator", accelerator, "--firmware", firmware.rawValue,
            "--machines", "\(count)", "--dhcp", dhcp.rawValue,
        ]
        if let memory { command += ["--memory", "\(memory)"] }
        if let definition { command += ["--image", definition] }
        if let root { command += ["--root", root.rawValue] }
        return command
    }
}
