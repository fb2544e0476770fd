import ArgumentParser
import Control

/// `muster freeze`
struct FreezeCommand: ChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "freeze",
        abstract: "No grants and no power actions anywhere until `muster thaw`; boots are answered as ever."
    )

    @Argument(help: "Why: everybody who looks reads it.")
    var why: [String]

    @OptionGroup var change: ChangeOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard !why.joined().isEmpty else { throw ValidationError("say why the fleet is frozen") }
    }

    func run(_ client: ControlClient) async throws {
        let request = FreezeRequest(reason: why.joined(separator: " "))
        let view: FreezeView = try await client.post("/v1/freeze", request)
        if common.json { return try Terminal.print(json: view) }
        Terminal.print("the fleet is frozen: \(Table.printable(view.reason ?? ""))")
    }
}

/// `muster thaw`
struct ThawCommand: ChangingCommand {
    static let configuration = CommandConfiguration(commandName: "thaw", abstract: "Let rolls and power go on.")

    @OptionGroup var change: ChangeOptions
    @OptionGroup var common: CommonOptions

    func run(_ client: ControlClient) async throws {
        let view: FreezeView = try await client.delete("/v1/freeze")
        if common.json { return try Terminal.print(json: view) }
        Terminal.print("the fleet is not frozen")
    }
}

extension ControlClient {
    /// What everybody who looks at machines or rolls should read first; nil when there is nothing.
    func freezeNotice() async throws -> String? {
        let view: FreezeView = try await get("/v1/freeze")
        return view.reason.map { "the fleet is frozen: \($0) (`muster thaw`)" }
    }
}
