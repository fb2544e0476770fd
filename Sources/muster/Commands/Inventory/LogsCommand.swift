import ArgumentParser
import Control
import Fleet
import Foundation

/// `muster logs`
struct LogsCommand: ControlCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "What a machine's containers and its init wrote, from the machine itself."
    )

    @Argument(help: "The machine's name, or a MAC.")
    var machine: String

    @Argument(help: "A container's name, or init for what the machine's first process said; all of them when left out.")
    var container: String?

    @Flag(name: .shortAndLong, help: "Go on as lines come, until Ctrl-C.")
    var follow = false

    @Option(name: [.customShort("n"), .long], help: "Begin with the newest lines, so many of each container.")
    var lines: Int?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        try Usage.check(names: [machine])
        if let lines, lines < 0 { throw ValidationError("--lines: expected a whole number, 0 or more") }
    }

    func run(_ client: ControlClient) async throws {
        let question = LogQuestion(container: container, follows: follow, lines: lines)
        let lines = try await client.logs(of: machine, question)
        do {
            for try await part in lines { try FileHandle.standardOutput.write(contentsOf: Data(part)) }
        } catch let error where !(error is CancellationError) {
            throw ClientError("the lines of \(machine) ended early: \(error)")
        }
    }
}
