/// What the server wants of this machine: the agent asks, and the server answers when it wants something, or after a while
/// that it does not. Knows no socket and no clock.
struct OrderLife: Equatable {
    /// `{"order": …, "id": n}`.
    struct Order: Equatable {
        enum Kind: String { case none, reboot, poweroff, kexec }
        var kind: Kind
        var number: Int
        /// What is to be started by `kexec`.
        var boot: NextBoot?
    }

    /// One of `"logs": [{"request": n, "container": "…", "follow": true, "lines": n}]`.
    struct LogRequest: Equatable {
        var number: Int
        /// nil for all.
        var container: String?
        var isFollowed: Bool
        /// nil for all that are kept.
        var lines: Int?
    }

    struct News: Equatable {
        var order: Order?
        var logs: [LogRequest] = []

        var isEmpty: Bool { order == nil && logs.isEmpty }
    }

    /// Seconds for which the server is asked to wait for something to say.
    static let wait = 25
    /// In milliseconds: from one question to the next, where the server does not wait.
    static let pause: Int64 = 10_000

    private var time: Int64
    private var asked: Int64 = 0
    private var backoff = Backoff()
    private var lastOrder: Int?
    /// The highest number of a question about logs: later ones have higher ones.
    private var lastLog = 0
    private(set) var isOver = false

    init(now: Int64) { time = now + Self.pause }

    var nextTime: Int64 { isOver ? .max : max(backoff.retryTime, time) }

    /// The server has taken a report: it is there to be asked.
    mutating func serverAnswers(at now: Int64) {
        if asked == 0 { time = min(time, now) }
    }

    /// - Returns: whether it is time to ask.
    mutating func isDue(at now: Int64) -> Bool {
        guard !isOver, now >= nextTime else { return false }
        asked = now
        return true
    }

    /// - Parameters:
    ///   - response: nil when there was none.
    ///   - random: anything; spreads the questions of machines that started together.
    /// - Returns: what has not been said before.
    mutating func finished(_ response: HTTPResponse?, at now: Int64, random: UInt32) -> News {
        guard let response, Backoff.isAnswer(response) else {
            backoff.failed(at: now, random: random)
            return News()
        }
        backoff.succeeded()
        isOver = Backoff.isLast(response)
        guard response.status == 200, let json = try? JSONParser.parse(response.body) else {
            time = now + Backoff.spread(Self.pause, random)
            return News()
        }
        let news = News(order: order(in: json), logs: logs(in: json))
        // Who waited, or had something to say, is asked again at once; who says the same at once is not.
        time = news.isEmpty ? max(now, asked + Backoff.spread(Self.pause, random)) : now
        return news
    }

    private mutating func order(in json: JSON) -> Order? {
        guard let kind = json["order"]?.text.flatMap(Order.Kind.init), let number = json["id"]?.integer, kind != .none,
            number != lastOrder
        else { return nil }
        lastOrder = number
        return Order(kind: kind, number: number, boot: json["boot"].flatMap(NextBoot.init))
    }

    private mutating func logs(in json: JSON) -> [LogRequest] {
        let requests = (json["logs"]?.elements ?? []).compactMap { Self.logRequest($0) }.filter { $0.number > lastLog }
        for request in requests { lastLog = max(lastLog, request.number) }
        return requests
    }

    private static func logRequest(_ json: JSON) -> LogRequest? {
        guard let number = json["request"]?.integer else { return nil }
        return LogRequest(
            number: number,
            container: json["container"]?.text,
            isFollowed: json["follow"] == .bool(true),
            lines: json["lines"]?.integer.map { max(0, $0) }
        )
    }
}
