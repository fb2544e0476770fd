import Synchronization

/// One after the other, in the order of coming, across suspensions. Thread-safe by a mutex.
final class Turns: Sendable {
    private struct Line {
        var isTaken = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }
    private let line = Mutex(Line())

    /// Runs `body` when everybody who came before is done.
    func next<Value>(_ body: () async throws -> Value) async rethrows -> Value {
        await withCheckedContinuation { turn in
            let isFree = line.withLock { line in
                if line.isTaken { line.waiting.append(turn) }
                defer { line.isTaken = true }
                return !line.isTaken
            }
            if isFree { turn.resume() }
        }
        defer { free() }
        return try await body()
    }

    private func free() {
        let next = line.withLock { line -> CheckedContinuation<Void, Never>? in
            line.isTaken = !line.waiting.isEmpty
            return line.waiting.isEmpty ? nil : line.waiting.removeFirst()
        }
        next?.resume()
    }
}
