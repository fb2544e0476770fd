import ServiceLifecycle

/// Something that serves until its task is cancelled, as one of the process's services.
struct PlaneService: Service {
    private let body: @Sendable () async throws -> Void

    init(_ body: @escaping @Sendable () async throws -> Void) { self.body = body }

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await body() }
        } catch is CancellationError {
            // What it was waiting for when it was told to stop.
        }
    }
}
