/// One service from its first start to its last end: when it is started again, and when that is given up. Knows no process
/// and no clock.
struct ServiceLife: Equatable {
    enum State: Equatable {
        /// Until the services before it are ready; then `starting`.
        case waiting
        /// Until it runs or could not be started.
        case starting
        /// Since that moment; until it ends.
        case running(since: Int64)
        /// Until it is started again.
        case paused
        /// For good.
        case ended(ExitStatus)
        /// It never ran, and for good.
        case failed(String)
    }

    enum Action: Equatable {
        case start
        /// Starts again after so many milliseconds.
        case startAfter(Int64)
        case none
    }

    /// In milliseconds. Who ran that long begins anew with short pauses.
    static let steady: Int64 = 60_000
    /// In milliseconds: after a short life, the next one says nothing good before it has lasted so long.
    static let trial: Int64 = 10_000
    private static let shortestPause: Int64 = 1_000
    private static let longestPause: Int64 = 60_000
    /// So many short lives in a row are a crash loop.
    static let loop = 5

    let restart: SupervisionSettings.Restart
    private(set) var state = State.waiting
    /// Short lives and failed starts in a row.
    private(set) var failures = 0
    private(set) var hasStarted = false
    /// Whether it has to show first that it stays this time.
    private(set) var isTried = false
    /// The last end or failed start, for people.
    private(set) var lastReason = ""

    init(restart: SupervisionSettings.Restart) { self.restart = restart }

    mutating func begin() -> Action {
        guard state == .waiting || state == .paused else { return .none }
        state = .starting
        return .start
    }

    mutating func started(at time: Int64) {
        guard state == .starting else { return }
        state = .running(since: time)
        hasStarted = true
        isTried = failures > 0
    }

    /// - Parameter since: the start of the life that has lasted for `trial`.
    mutating func lasted(since: Int64) {
        if state == .running(since: since) { isTried = false }
    }

    mutating func ended(_ status: ExitStatus, at time: Int64) -> Action {
        if case .running(let since) = state, time - since >= Self.steady { failures = 0 }
        lastReason = status.text
        let again = restart == .always || restart == .onFailure && !status.isSuccess
        guard again else {
            state = .ended(status)
            return .none
        }
        return pause()
    }

    mutating func notStarted(_ reason: String) -> Action {
        lastReason = "did not start: \(reason)"
        guard restart != .never else {
            state = .failed(reason)
            return .none
        }
        return pause()
    }

    private mutating func pause() -> Action {
        state = .paused
        let pause = Self.shortestPause << Int64(min(failures, 10))
        failures += 1
        return .startAfter(min(pause, Self.longestPause))
    }

    var isRunning: Bool {
        if case .running = state { return true }
        return false
    }

    /// Whether it comes back by itself whenever it ends.
    var isKept: Bool { restart != .never }
    var isLooping: Bool { failures >= Self.loop && !isRunning }
}
