import ArgumentParser
import Control

/// `muster plan`
struct PlanCommand: ControlCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Say what a roll would do: stages, machines in order, budgets, time, and how the images differ.",
        usage: "muster plan <profile> [<names> ...] [<options>]",
        discussion: "Nothing is changed. The exit status is 2 if machines would be moved, 0 if none would."
    )

    @OptionGroup var flags: RollFlags
    @OptionGroup var common: CommonOptions

    func run(_ client: ControlClient) async throws {
        let plan: RolloutPlanView = try await client.post("/v1/plan", flags.request())
        if common.json { try Terminal.print(json: plan) } else { Terminal.print(PlanText.text(of: plan)) }
        if plan.members > 0 { throw ExitCode(2) }
    }
}
