import ArgumentParser
import Control
import Fleet
import Foundation
import Inventory
import NIOCore

#if canImport(Glibc)
import Glibc
#endif

extension PowerAction: ExpressibleByArgument {}

/// `muster power`
struct PowerCommand: ChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "power",
        abstract: "Switch machines on or off, have them reboot, or ask how they are.",
        discussion: """
            Machines are taken down only as far as budgets allow. Over ten machines it asks first. The exit status is 1 \
            if it failed on a machine, and 3 if it is refused.
            """
    )

    @Argument(help: "on, off, cycle, reboot or status.")
    var action: PowerAction

    @OptionGroup var choice: MachineChoice

    @Flag(help: "Do not ask, however many machines it is.")
    var yes = false

    @OptionGroup var change: ChangeOptions
    @OptionGroup var common: CommonOptions

    func run(_ client: ControlClient) async throws {
        let machines: [MachineView] = try await client.get("/v1/machines" + choice.selection.query)
        guard !machines.isEmpty else { throw ClientError("no machine has the labels '\(choice.label ?? "")'") }
        let chosen = choice.names.isEmpty ? machines.map(\.name) : try NameRange.expand(choice.names)
        if action != .status { try confirm(chosen) }
        let results: [PowerResult] = try await client.post(
            "/v1/power",
            PowerRequest(action: action, machines: MachineSelection(names: chosen)),
            // Systems that are asked to go down take their time, and 64 machines go at once.
            within: .hours(1)
        )
        if common.json { try Terminal.print(json: results) } else { Terminal.print(table(results).text) }
        if results.contains(where: { $0.failure != nil }) { throw ExitCode(1) }
    }

    /// Machines over which somebody has to say that they mean it.
    private static let most = 10

    /// - Throws: `ExitCode` 3 when nobody can be asked, 1 when the answer is no.
    private func confirm(_ machines: [String]) throws {
        guard machines.count > Self.most, !yes else { return }
        let question = "\(action.rawValue) \(machines.count) machines (\(PlanText.names(machines)))"
        guard isatty(STDIN_FILENO) == 1 else {
            Terminal.warn("\(question): refused without --yes, because nobody can be asked here")
            throw ExitCode(3)
        }
        Terminal.write(error: "\(question)? [y/N] ")
        guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
            Terminal.warn("nothing was done")
            throw ExitCode(1)
        }
    }

    private func table(_ results: [PowerResult]) -> Table {
        guard action != .status else { return Self.states(results) }
        var table = Table("MACHINE", "RESULT", "STATE", "BY")
        for result in results {
            let outcome = result.failure.map { "failed: \($0)" } ?? "done" + (result.note.map { ": \($0)" } ?? "")
            table.add([result.machine, outcome, result.state ?? "", result.driver ?? ""])
        }
        return table
    }

    /// Whether machines are on, and who says so.
    private static func states(_ results: [PowerResult]) -> Table {
        var table = Table("MACHINE", "STATE", "BY")
        for result in results {
            let state = result.failure.map { "not known: \($0)" } ?? result.state ?? "not known"
            table.add([result.machine, state, result.failure == nil ? result.driver ?? "" : ""])
        }
        return table
    }
}
