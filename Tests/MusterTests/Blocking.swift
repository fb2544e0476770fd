import Foundation
import Testing

/// Threads for tests that wait for programs.
///
/// All tasks of a process share a pool with one thread a processor. Two tests that wait there for their programs would hold
/// up every server, client and deadline of all other tests.
final class BlockingThreads: TaskExecutor {
    static let shared = BlockingThreads()
    private let queue = OperationQueue()

    private init() { queue.maxConcurrentOperationCount = 4 }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.addOperation { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
    }
}

/// The suite's tests run on `BlockingThreads`. Not for those with a server in this process: it would wait with them.
struct BlockingTrait: SuiteTrait, TestTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(BlockingThreads.shared) { try await function() }
    }
}

extension Trait where Self == BlockingTrait {
    static var blocking: Self { Self() }
}
