import ArgumentParser

/// A command that asks the running server.
protocol ControlCommand: AsynchronousCommand {
    var common: CommonOptions { get }
    func run(_ client: ControlClient) async throws
}

extension ControlCommand {
    func run() async throws {
        try await ControlClient.withServer(of: common) { try await run($0) }
    }
}

extension ControlClient {
    /// Asks the server that the options mean; what it refuses by policy ends the command with that status.
    static func withServer(
        of common: CommonOptions,
        _ body: (ControlClient) async throws -> Void
    ) async throws {
        let socket = try common.load().configuration.control.socket
        do {
            try await ControlClient.with(socket: socket) { try await body($0) }
        } catch let error as ClientError where error.exitStatus != 1 {
            Terminal.warn(error.description)
            throw ExitCode(error.exitStatus)
        }
    }
}
