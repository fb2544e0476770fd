import ServiceLifecycle
import Synchronization

/// One of the process's services, which remembers why it failed.
struct PlaneService: Service {
    private let failure: Failure
    private let body: @Sendable () async throws -> Void

    /// Why the first service that failed did so: the group only says that one did.
    final class Failure: Sendable {
        private let first = Mutex<(any Error)?>(nil)

        var error: (any Error)? { first.withLock { $0 } }

        fileprivate func record(_ error: any Error) { first.withLock { $0 = $0 ?? error } }
    }

    /// - Parameter body: serves until its task is cancelled.
    init(_ failure: Failure, cancelling body: @escaping @Sendable () async throws -> Void) {
        self.failure = failure
        self.body = { try await cancelWhenGracefulShutdown(body) }
    }

    /// - Parameter body: serves until the graceful shutdown.
    init(_ failure: Failure, stopping body: @escaping @Sendable () async throws -> Void) {
        self.failure = failure
        self.body = body
    }

    func run() async throws {
        do {
            try await body()
        } catch is CancellationError {
            // What it was waiting for when it was told to stop.
        } catch {
            failure.record(error)
            throw error
        }
    }
}
