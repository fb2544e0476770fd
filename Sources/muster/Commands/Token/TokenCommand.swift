import ArgumentParser
import Control
import Vocabulary

/// `muster token`
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Tokens with which programs and people ask the API over TCP.",
        subcommands: [TokenCreate.self, TokenList.self, TokenRemove.self]
    )
}

extension Role: ExpressibleByArgument {}

struct TokenCreate: ChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a token and print it, once: the server keeps its hash alone."
    )

    @Option(help: "What it is called in the audit.")
    var name: String

    @Option(help: "viewer looks, operator runs the fleet, admin may do everything.")
    var role: Role

    @Option(help: .init("How long it is good for, such as 90d; for ever when left out.", valueName: "time"))
    var expires: TimeSpan?

    @OptionGroup var change: ChangeOptions
    @OptionGroup var common: CommonOptions

    func run(_ client: ControlClient) async throws {
        let request = TokenRequest(name: name, role: role, expires: expires)
        let made: NewToken = try await client.post("/v1/tokens", request)
        if common.json { return try Terminal.print(json: made) }
        Terminal.print(made.secret)
    }
}

struct TokenList: ControlCommand {
    static let configuration = CommandConfiguration(commandName: "ls", abstract: "List tokens; never what they are.")

    @OptionGroup var common: CommonOptions

    func run(_ client: ControlClient) async throws {
        let tokens: [TokenView] = try await client.get("/v1/tokens")
        if common.json { return try Terminal.print(json: tokens) }
        let now = Moment.now().wall
        var table = Table("NAME", "ROLE", "AGE", "EXPIRES")
        for token in tokens {
            let expires = token.expires.map { token.isExpired ? "over" : "in " + age(of: now, at: $0.timestamp) }
            table.add([token.name, token.role.rawValue, age(of: token.created.timestamp, at: now), expires ?? "never"])
        }
        Terminal.print(table.text)
    }
}

struct TokenRemove: ChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Remove tokens: whoever has one is refused from now on."
    )

    @Argument(help: "Names of tokens.")
    var names: [String]

    @OptionGroup var change: ChangeOptions
    @OptionGroup var common: CommonOptions

    func run(_ client: ControlClient) async throws {
        for name in names {
            let report: CommandReport = try await client.delete("/v1/tokens/", name)
            if common.json {
                try Terminal.print(json: report)
            } else {
                report.done.forEach { Terminal.print($0) }
            }
        }
    }
}
