/// What the agent says to the server and when. Knows no socket and no clock: it is told the time and what came of a report.
struct ReportLife: Equatable {
    /// `POST /boots/<id>/report`.
    struct Report: Equatable {
        enum State: String { case up, healthy, failed, alive }
        var state: State
        var reason: String?
    }

    /// In milliseconds.
    static let heartbeat: Int64 = 30_000
    /// Reports that wait for a server that is away; older ones give way.
    private static let longestQueue = 16

    private var queue: [Report] = []
    private var heartbeatTime: Int64 = .max
    private var backoff = Backoff()
    private(set) var isOver = false

    /// The next time that `due` may have something to say.
    var nextTime: Int64 {
        isOver ? .max : max(backoff.retryTime, queue.isEmpty ? heartbeatTime : 0)
    }

    /// What is to be said now.
    func due(at now: Int64) -> Report? {
        guard !isOver, now >= nextTime else { return nil }
        return queue.first ?? Report(state: .alive)
    }

    mutating func add(_ report: Report) {
        if queue.count == Self.longestQueue { queue.removeFirst() }
        queue.append(report)
    }

    /// - Parameters:
    ///   - response: nil when there was none.
    ///   - random: anything; spreads the reports of machines that started together.
    mutating func finished(_ report: Report, _ response: HTTPResponse?, at now: Int64, random: UInt32) {
        guard let response, Backoff.isAnswer(response) else { return backoff.failed(at: now, random: random) }
        backoff.succeeded()
        isOver = Backoff.isLast(response)
        // Refused for what it is, it would be refused again.
        if queue.first == report { queue.removeFirst() }
        heartbeatTime = now + Backoff.spread(Self.heartbeat, random)
    }
}
