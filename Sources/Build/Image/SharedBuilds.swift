import Synchronization

/// Builds that are under way, so that many who ask for the same one wait for one.
///
/// A build is a task of its own, because it outlives whoever asked first when others wait too; it is cancelled when the
/// last of them has left. Safe from any thread.
final class SharedBuilds: Sendable {
    private struct Watcher {
        var observe: BuildObserver
        /// nil until they wait.
        var continuation: CheckedContinuation<BuiltImage, any Error>?
    }

    private struct Flight {
        var number: Int
        var task: Task<Void, Never>
        var watchers: [Int: Watcher]
    }

    private struct State {
        var flights: [BuildRequest: Flight] = [:]
        /// For those who had not begun to wait when their build ended or they left.
        var outcomes: [Int: Result<BuiltImage, any Error>] = [:]
        var count = 0
    }
    private let state = Mutex(State())

    /// The result of `body`, which somebody may have begun already for the same request.
    ///
    /// - Throws: what `body` throws; `CancellationError` at once when the caller's task is cancelled.
    func join(
        _ request: BuildRequest,
        observe: @escaping BuildObserver,
        body: @escaping @Sendable (@escaping BuildObserver) async throws -> BuiltImage
    ) async throws -> BuiltImage {
        let ticket = state.withLock { state in
            state.count += 1
            let ticket = state.count
            let watcher = Watcher(observe: observe)
            if state.flights[request] != nil {
                state.flights[request]!.watchers[ticket] = watcher
                return ticket
            }
            let task = Task {
                let result: Result<BuiltImage, any Error>
                do {
                    result = .success(try await body { self.tell($0, request, ticket) })
                } catch {
                    result = .failure(error)
                }
                self.finish(request, ticket, result)
            }
            state.flights[request] = Flight(number: ticket, task: task, watchers: [ticket: watcher])
            return ticket
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { wait(request, ticket, $0) }
        } onCancel: {
            leave(request, ticket)
        }
    }

    private func wait(
        _ request: BuildRequest,
        _ ticket: Int,
        _ continuation: CheckedContinuation<BuiltImage, any Error>
    ) {
        let outcome = state.withLock { state -> Result<BuiltImage, any Error>? in
            if let outcome = state.outcomes.removeValue(forKey: ticket) { return outcome }
            state.flights[request]?.watchers[ticket]?.continuation = continuation
            return nil
        }
        if let outcome { continuation.resume(with: outcome) }
    }

    private func leave(_ request: BuildRequest, _ ticket: Int) {
        let continuation = state.withLock { state -> CheckedContinuation<BuiltImage, any Error>? in
            guard let watcher = state.flights[request]?.watchers.removeValue(forKey: ticket) else { return nil }
            if watcher.continuation == nil { state.outcomes[ticket] = .failure(CancellationError()) }
            if state.flights[request]!.watchers.isEmpty {
                // Whoever asks from now on begins anew.
                state.flights.removeValue(forKey: request)!.task.cancel()
            }
            return watcher.continuation
        }
        continuation?.resume(throwing: CancellationError())
    }

    private func tell(_ event: BuildEvent, _ request: BuildRequest, _ number: Int) {
        let observers = state.withLock { state in
            guard let flight = state.flights[request], flight.number == number else { return [BuildObserver]() }
            return flight.watchers.values.map(\.observe)
        }
        for observe in observers { observe(event) }
    }

    private func finish(_ request: BuildRequest, _ number: Int, _ result: Result<BuiltImage, any Error>) {
        let waiting = state.withLock { state -> [CheckedContinuation<BuiltImage, any Error>] in
            guard state.flights[request]?.number == number else { return [] }
            let flight = state.flights.removeValue(forKey: request)!
            for (ticket, watcher) in flight.watchers where watcher.continuation == nil {
                state.outcomes[ticket] = result
            }
            return flight.watchers.values.compactMap(\.continuation)
        }
        for continuation in waiting { continuation.resume(with: result) }
    }
}
