import Synchronization

/// Lets so many in at once, in the order in which they came.
final class Turnstile: Sendable {
    private struct Contents {
        var free: Int
        var waiting: [(number: Int, waiter: CheckedContinuation<Void, any Error>)] = []
        var lastNumber = 0
    }

    private let contents: Mutex<Contents>

    init(_ count: Int) { contents = Mutex(Contents(free: count)) }

    /// - Throws: `CancellationError`, and what `body` throws.
    func pass<Value>(_ body: () async throws -> Value) async throws -> Value {
        try await enter()
        defer { leave() }
        return try await body()
    }

    private func enter() async throws {
        let number = contents.withLock { contents in
            contents.lastNumber += 1
            return contents.lastNumber
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (waiter: CheckedContinuation<Void, any Error>) in
                let isCancelled = Task.isCancelled
                let isIn = contents.withLock { contents -> Bool? in
                    if isCancelled { return nil }
                    if contents.free > 0 {
                        contents.free -= 1
                        return true
                    }
                    contents.waiting.append((number, waiter))
                    return false
                }
                switch isIn {
                case true?: waiter.resume()
                case false?: break
                case nil: waiter.resume(throwing: CancellationError())
                }
            }
        } onCancel: {
            let waiter = contents.withLock { contents in
                contents.waiting.firstIndex { $0.number == number }.map { contents.waiting.remove(at: $0).waiter }
            }
            waiter?.resume(throwing: CancellationError())
        }
    }

    private func leave() {
        let next = contents.withLock { contents -> CheckedContinuation<Void, any Error>? in
            guard contents.waiting.isEmpty else { return contents.waiting.removeFirst().waiter }
            contents.free += 1
            return nil
        }
        next?.resume()
    }
}
