import ArgumentParser
import Control

/// `muster assign`
struct AssignCommand: ChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "assign",
        abstract: "Say what machines should become; --now grants it at once.",
        discussion: """
            With --now an image that is not built yet is built first. The exit status is 2 if a machine could not be \
            granted it.
            """
    )

    @Argument(help: "The profile.")
    var profile: String

    @OptionGroup var choice: MachineChoice

    @Flag(help: "Grant it at once instead of staging it.")
    var now = false

    @OptionGroup var change: ChangeOptions
    @OptionGroup var common: CommonOptions

    func run(_ client: ControlClient) async throws {
        let request = AssignRequest(profile: profile, machines: choice.selection, now: now)
        var report: CommandReport = try await client.post("/v1/assign", request)
        while let building = report.building {
            for view in building {
                let ask = BuildAsk(profile: view.profile, architecture: view.architecture)
                try await client.build(ask, isShown: !common.json).succeeded()
            }
            report = try await client.post("/v1/assign", request)
        }
        try Terminal.print(report, asJSON: common.json)
        // What was to be granted now and was not, is not.
        if now, !report.lacking.isEmpty { throw ExitCode(2) }
    }
}

/// `muster accept`
struct AcceptCommand: ChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept",
        abstract: "Take unknown machines into the inventory; they boot when they ask next."
    )

    @Argument(help: "Machines that wait, by name, range or MAC.")
    var names: [String]

    @Option(name: .customLong("as"), help: .init("Give them this profile.", valueName: "profile"))
    var profile: String?

    @OptionGroup var change: ChangeOptions
    @OptionGroup var common: CommonOptions

    func validate() throws { try Usage.check(names: names) }

    func run(_ client: ControlClient) async throws {
        let request = AcceptRequest(names: names, profile: profile)
        try await Terminal.print(client.post("/v1/accept", request), asJSON: common.json)
    }
}

/// `muster reject`
struct RejectCommand: ChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "reject",
        abstract: "Refuse machines that wait; they get nothing to boot."
    )

    @Argument(help: "Machines that wait, by name, range or MAC.")
    var names: [String]

    @OptionGroup var change: ChangeOptions
    @OptionGroup var common: CommonOptions

    func validate() throws { try Usage.check(names: names) }

    func run(_ client: ControlClient) async throws {
        try await Terminal.print(client.post("/v1/reject", RejectRequest(names: names)), asJSON: common.json)
    }
}

/// `muster set`
struct SetCommand: ChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Put machines into service or take them out of it."
    )

    enum State: String, ExpressibleByArgument, CaseIterable, Sendable { case active, maintenance, retired }

    @Argument(help: "Machines; names take ranges such as n[1-40].")
    var names: [String]

    @Option(help: "What they are from now on.")
    var state: State

    @OptionGroup var change: ChangeOptions
    @OptionGroup var common: CommonOptions

    func validate() throws { try Usage.check(names: names) }

    func run(_ client: ControlClient) async throws {
        let request = SetRequest(names: names, state: state.rawValue)
        try await Terminal.print(client.post("/v1/set", request), asJSON: common.json)
    }
}

extension Terminal {
    static func print(_ report: CommandReport, asJSON: Bool) throws {
        if asJSON { return try print(json: report) }
        for line in report.done + report.notes { print(Table.printable(line)) }
    }
}
