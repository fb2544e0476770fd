import ArgumentParser

/// A command that asks the running server.
protocol ControlCommand: AsynchronousCommand {
    var common: CommonOptions { get }
    func run(_ client: ControlClient) async throws
}

extension ControlCommand {
    func run() async throws {
        try await ControlClient.withServer(of: common) { client in
            var client = client
            client.reason = (self as? any ChangingCommand)?.change.reason
            try await run(client)
        }
    }
}

/// A command that changes something.
protocol ChangingCommand: ControlCommand {
    var change: ChangeOptions { get }
}

/// What every command takes that changes something.
struct ChangeOptions: ParsableArguments, Sendable {
    @Option(help: .init("What for: stands in the audit's line.", valueName: "text"))
    var reason: String?
}

extension ControlClient {
    /// Asks the server that the options mean; what it refuses by policy ends the command with that status.
    static func withServer(
        of common: CommonOptions,
        _ body: (ControlClient) async throws -> Void
    ) async throws {
        let place = try common.serverPlace()
        do {
            try await ControlClient.with(place) { try await body($0) }
        } catch let error as ClientError where error.exitStatus != 1 {
            Terminal.warn(error.description)
            throw ExitCode(error.exitStatus)
        }
    }
}
