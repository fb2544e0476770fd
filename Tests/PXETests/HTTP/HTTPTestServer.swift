import Foundation
import Logging
import PXE
import Vocabulary

extension HTTPBootService.Configuration {
    /// On loopback, on ports that the system chooses.
    static func loopback(_ change: (inout Self) -> Void = { _ in }) -> Self {
        var configuration = Self()
        configuration.addresses = [.loopback]
        configuration.port = 0
        configuration.eventLoops = 2
        configuration.limits.grace = .seconds(5)
        change(&configuration)
        return configuration
    }
}

/// Runs a boot plane for as long as `body` runs.
func withBootPlane(
    _ authority: StubAuthority = StubAuthority(),
    configuration: HTTPBootService.Configuration = .loopback(),
    body: (HTTPBootService, StubAuthority, UInt16) async throws -> Void
) async throws {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let service = HTTPBootService(configuration: configuration, authority: authority, logger: logger)
    try await service.bind()
    let port = service.listeners.first?.endpoint.port ?? 0
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await service.run() }
        do {
            try await body(service, authority, port)
        } catch {
            group.cancelAll()
            throw error
        }
        group.cancelAll()
        try await group.waitForAll()
    }
}

/// Waits for something that other threads do; gives up after five seconds.
func holdsSoon(_ condition: () -> Bool) async -> Bool {
    for _ in 0..<1000 {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return condition()
}
