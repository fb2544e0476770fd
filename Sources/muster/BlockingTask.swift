import Dispatch
import Synchronization

/// Runs `operation` on the concurrent pool and waits for it on this thread, which is the main one.
///
/// - Throws: what `operation` throws.
func waitForTask(_ operation: sending @escaping () async throws -> Void) throws {
    let outcome = Outcome()
    let done = DispatchSemaphore(value: 0)
    Task {
        do {
            try await operation()
        } catch {
            outcome.error.withLock { $0 = error }
        }
        done.signal()
    }
    done.wait()
    if let error = outcome.error.withLock({ $0 }) { throw error }
}

/// How the task ended: written by it, read after it.
private final class Outcome: Sendable {
    let error = Mutex<(any Error)?>(nil)
}
