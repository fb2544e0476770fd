import Synchronization

/// Where all ways to management controllers pass: one operation at a time at each of them, 64 requests in all, and none
/// for a while to one that does not answer.
final class BMCDoor: Sendable {
    static let mostRequests = 64

    private let requests = Turnstile(BMCDoor.mostRequests)
    private let controllers = Mutex<[String: (turns: Turnstile, breaker: CircuitBreaker)]>([:])
    private let counters: PowerCounters
    private let rest: Duration

    init(counters: PowerCounters, rest: Duration) {
        self.counters = counters
        self.rest = rest
    }

    /// Controllers that are left alone now.
    var resting: Int {
        let now = ContinuousClock.now
        return controllers.withLock { $0.values.count { $0.breaker.remaining(at: now) != nil } }
    }

    /// One operation at a controller, when it is its turn.
    ///
    /// - Throws: `PowerFailure` when the controller is left alone; what `body` throws.
    func operate<Value>(at controller: String, _ body: () async throws -> Value) async throws -> Value {
        let turns = try admitted(controller)
        return try await turns.pass {
            _ = try admitted(controller)
            do {
                let value = try await body()
                change(controller) { $0.answered() }
                return value
            } catch let failure as PowerFailure {
                change(controller) { breaker in
                    if failure.isUnreachable { breaker.wasSilent(at: .now, rest: rest) } else { breaker.answered() }
                }
                throw failure
            }
        }
    }

    /// One request, or one run of a program, when there is room.
    ///
    /// - Parameter vendor: the controller's, as far as it is known.
    func request<Value>(of vendor: String?, _ body: () async throws -> Value) async throws -> Value {
        try await requests.pass {
            let begin = ContinuousClock.now
            defer { counters.count(requestOf: .now - begin, to: vendor) }
            return try await body()
        }
    }

    private func change(_ controller: String, _ body: (inout CircuitBreaker) -> Void) {
        controllers.withLock { controllers in
            guard var entry = controllers[controller] else { return }
            body(&entry.breaker)
            controllers[controller] = entry
        }
    }

    private func admitted(_ controller: String) throws -> Turnstile {
        let entry = controllers.withLock { controllers in
            let entry = controllers[controller] ?? (Turnstile(1), CircuitBreaker())
            controllers[controller] = entry
            return entry
        }
        guard let remaining = entry.breaker.remaining(at: .now) else { return entry.turns }
        throw PowerFailure(
            "\(controller) did not answer \(entry.breaker.silences) times in a row; it is asked again in "
                + "\(max(1, remaining.components.seconds)) s"
        )
    }
}
