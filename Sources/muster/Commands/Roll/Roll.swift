import ArgumentParser
import Control
import Vocabulary

/// `muster roll`
struct Roll: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roll",
        abstract: "Move a profile's machines to a release, within their budgets, and look after that.",
        usage: """
            muster roll <profile> [<names> ...] [<options>]
            muster roll <subcommand> [<roll>] [-w]
            """,
        discussion: """
            `muster roll web` begins a roll; `muster roll start --help` lists its options. The other commands take a \
            roll's number or its profile, and the only open roll when nothing is said.
            """,
        subcommands: [
            Start.self, Status.self, Pause.self, Resume.self, Promote.self, Retry.self, Abort.self, Rollback.self,
        ],
        defaultSubcommand: Start.self
    )
}

extension Roll {
    /// `muster roll PROFILE`
    struct Start: ChangingCommand {
        static let configuration = CommandConfiguration(
            abstract: "Begin a roll; what is done when no other subcommand is named.",
            usage: "muster roll <profile> [<names> ...] [<options>]",
            discussion: """
                Options override the profile's `rollout:`. The exit status is 0 when it began (with -w: when all is \
                done) or there is nothing to do, 3 when it is refused, and with --dry-run 2 if machines would be moved.
                """
        )

        @OptionGroup var flags: RollFlags

        @Flag(name: .shortAndLong, help: "Watch it until it ends or is held.")
        var watch = false

        @Flag(help: "Say what it would do, as `muster plan` does in more words.")
        var dryRun = false

        @OptionGroup var change: ChangeOptions
        @OptionGroup var common: CommonOptions

        func run(_ client: ControlClient) async throws {
            let request = try flags.request()
            var question = request
            question.comparesImages = false
            let plan: RolloutPlanView = try await client.post("/v1/plan", question)
            if plan.hasNothingToDo || dryRun {
                if common.json { try Terminal.print(json: plan) } else { Terminal.print(PlanText.short(plan)) }
                if plan.hasNothingToDo { return }
                throw ExitCode(plan.refusals.isEmpty ? 2 : 3)
            }
            if !common.json { Terminal.print(PlanText.short(plan)) }
            let roll: RolloutView = try await client.post("/v1/rollouts", request)
            if watch { return try await RollWatch(client: client, asJSON: common.json).follow(roll) }
            if common.json { return try Terminal.print(json: roll) }
            Terminal.print("roll \(roll.id) has begun; `muster roll status \(roll.id) -w` watches it")
        }
    }

    /// `muster roll status`
    struct Status: ControlCommand {
        static let configuration = CommandConfiguration(
            abstract: "How far a roll is, what it waits for, and what failed.",
            discussion: """
                With -w it is shown until it ends or is held; the exit status is then 0 when it is done, 1 when it was \
                aborted or rolled back, and 2 when it is held.
                """
        )

        @OptionGroup var chosen: ChosenRoll
        @OptionGroup var common: CommonOptions

        func run(_ client: ControlClient) async throws {
            let roll = try await chosen.find(client, amongPast: true)
            if chosen.watch { return try await RollWatch(client: client, asJSON: common.json).follow(roll) }
            if common.json { return try Terminal.print(json: roll) }
            Terminal.print(RollText.lines(of: roll, at: Moment.now().wall).joined(separator: "\n"))
        }
    }
}

/// Which roll a command is about.
struct ChosenRoll: ParsableArguments, Sendable {
    @Argument(help: "The roll's number, or its profile; the only open roll when left out.")
    var roll: String?

    @Flag(name: .shortAndLong, help: "Watch it until it ends or is held.")
    var watch = false

    /// - Parameter amongPast: whether one that is over will do.
    /// - Throws: `ClientError` when there is none, or several could be meant.
    func find(_ client: ControlClient, amongPast: Bool) async throws -> RolloutView {
        var id = roll.flatMap { Int($0) }
        if id == nil {
            let rolls: [RolloutView] = try await client.get("/v1/rollouts")
            id = try Self.choose(roll, among: rolls, amongPast: amongPast).id
        }
        return try await client.get("/v1/rollouts/\(id ?? 0)")
    }

    /// - Parameters:
    ///   - profile: nil for whichever.
    ///   - rolls: newest first.
    static func choose(_ profile: String?, among rolls: [RolloutView], amongPast: Bool) throws -> RolloutView {
        let known = rolls.filter { profile == nil || $0.profile == profile }
        let open = known.filter { !$0.state.isOver }
        if let roll = open.first {
            guard open.count > 1 else { return roll }
            let list = open.map { "\($0.id) (\($0.title), \($0.state.rawValue))" }.joined(separator: ", ")
            throw ClientError("say which roll; these are open: \(list)")
        }
        if amongPast, let roll = known.first { return roll }
        let whose = profile.map { " of \($0)" } ?? ""
        if amongPast { throw ClientError("there was no roll\(whose) yet; `muster roll PROFILE` begins one") }
        throw ClientError("no roll\(whose) is open; `muster get rollouts` lists those that were")
    }
}
