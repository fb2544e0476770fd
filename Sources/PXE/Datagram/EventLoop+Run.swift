import CLinuxNet
import Glibc

extension EventLoop {
    /// Runs the loop on a thread of its own until `stop`, or until the task is cancelled.
    /// - Parameter setUp: called on that thread first; what it registers lives until the loop ends.
    /// - Throws: what `setUp` threw, or what ended the loop.
    public func run(setUp: @escaping @Sendable (EventLoop) throws -> Void) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let body = ThreadBody(name: name) {
                    continuation.resume(
                        with: Result {
                            try setUp(self)
                            try self.loop()
                        }
                    )
                }
                if let error = body.start() { continuation.resume(throwing: error) }
            }
        } onCancel: {
            stop()
        }
    }
}

/// What a thread runs, on its way through a C pointer.
private final class ThreadBody: Sendable {
    let name: String
    let run: @Sendable () -> Void

    init(name: String, run: @escaping @Sendable () -> Void) {
        self.name = name
        self.run = run
    }

    /// - Returns: why there is no thread; nil when there is one.
    func start() -> SystemError? {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self)
        let code = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                let body = Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue()
                muster_thread_name(body.name)
                body.run()
                return nil
            },
            context.toOpaque()
        )
        guard code == 0 else {
            context.release()
            return SystemError("start thread", name, code: code)
        }
        pthread_detach(thread)
        return nil
    }
}
