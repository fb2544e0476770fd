import Dispatch
import Synchronization

/// Runs what blocks (reading, compressing, waiting for a disk) on threads of its own, never on those that tasks share.
enum BlockingWork {
    private static let queue = DispatchQueue(label: "muster.build", attributes: .concurrent)
    private static let patient = DispatchQueue(label: "muster.build", qos: .background, attributes: .concurrent)

    /// Says whether the task that asked for the work was cancelled meanwhile.
    final class Cancellation: Sendable {
        private let flag = Atomic(false)

        fileprivate func cancel() { flag.store(true, ordering: .relaxed) }

        func check() throws(CancellationError) {
            guard !flag.load(ordering: .relaxed) else { throw CancellationError() }
        }
    }

    /// - Parameter body: asks its `Cancellation` now and then.
    static func run<Result: Sendable>(
        _ body: @escaping @Sendable (Cancellation) throws -> Result
    ) async throws -> Result {
        let cancellation = Cancellation()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let queue = BuildPriority.quality == .background ? patient : queue
                queue.async { continuation.resume(with: Swift.Result { try body(cancellation) }) }
            }
        } onCancel: {
            cancellation.cancel()
        }
    }
}
