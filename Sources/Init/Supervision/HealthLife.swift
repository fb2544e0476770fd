/// What is known of a service's health from its probes. Knows no socket and no clock.
struct HealthLife: Equatable {
    enum State: Equatable {
        case unknown
        case healthy
        case sick(String)
    }

    /// So many failed probes in a row make a healthy service sick.
    static let tolerated = 3
    /// In milliseconds: a service that has not been healthy yet is asked more often, so that its machine is so early.
    private static let impatient: Int64 = 1_000

    let interval: Int64
    private(set) var state = State.unknown
    private var failures = 0

    init(interval: Int64) { self.interval = interval }

    var nextProbe: Int64 { state == .healthy ? interval : min(interval, Self.impatient) }

    /// - Parameter reason: nil for a probe that succeeded.
    /// - Returns: whether the state is another one now.
    mutating func probed(_ reason: String?) -> Bool {
        let before = state
        guard let reason else {
            failures = 0
            state = .healthy
            return state != before
        }
        failures += 1
        if failures >= Self.tolerated, state != .unknown { state = .sick(reason) }
        return state != before && before == .healthy
    }

    /// The service has ended: what was known of it is of no use any more.
    mutating func forget() {
        state = .unknown
        failures = 0
    }
}
