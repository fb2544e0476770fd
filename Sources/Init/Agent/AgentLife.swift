/// What the agent says to the server and when. Knows no socket and no clock: it is told the time and what came of a request.
struct AgentLife: Equatable {
    /// `POST /boots/<id>/report`.
    struct Report: Equatable {
        enum State: String { case up, healthy, failed, alive }
        var state: State
        var reason: String?
    }

    enum Request: Equatable {
        case report(Report)
        /// `GET /boots/<id>/orders`.
        case orders
    }

    /// `{"order": …, "id": n}`.
    struct Order: Equatable {
        enum Kind: String { case none, reboot, poweroff, kexec }
        var kind: Kind
        var number: Int
    }

    /// In milliseconds.
    static let heartbeat: Int64 = 30_000
    static let orders: Int64 = 10_000
    private static let longestPause: Int64 = 30_000
    /// Reports that wait for a server that is away; older ones give way.
    private static let longestQueue = 16

    private var queue: [Report] = []
    private var heartbeatTime: Int64 = .max
    private var ordersTime: Int64
    private var retryTime: Int64 = 0
    private var failures = 0
    private var lastOrder: Int?
    /// The server will hear nothing more of this boot: it has said that the token or the boot is no longer valid.
    private(set) var isOver = false

    init(now: Int64) { ordersTime = now + Self.orders }

    /// The next time that `due` may have something to do.
    var nextTime: Int64 {
        guard !isOver else { return .max }
        return max(retryTime, queue.isEmpty ? min(heartbeatTime, ordersTime) : 0)
    }

    /// What is to be asked now.
    func due(at now: Int64) -> Request? {
        guard !isOver, now >= nextTime else { return nil }
        if let first = queue.first { return .report(first) }
        if now >= heartbeatTime { return .report(Report(state: .alive)) }
        return now >= ordersTime ? .orders : nil
    }

    mutating func add(_ report: Report) {
        if queue.count == Self.longestQueue { queue.removeFirst() }
        queue.append(report)
    }

    /// - Parameters:
    ///   - response: nil when there was none.
    ///   - random: anything; spreads the requests of machines that started together.
    /// - Returns: an order that has not been given before.
    mutating func finished(_ request: Request, _ response: HTTPResponse?, at now: Int64, random: UInt32) -> Order? {
        guard let response, response.status < 500, response.status != 404, response.status != 429 else {
            failures += 1
            let pause = min(1000 << Int64(min(failures - 1, 5)), Self.longestPause)
            retryTime = now + Self.spread(pause, random)
            return nil
        }
        failures = 0
        retryTime = 0
        if response.status == 401 || response.status == 403 || response.status == 409 {
            isOver = true
            return nil
        }
        switch request {
        case .report(let report):
            // Refused for what it is, it would be refused again.
            if queue.first == report { queue.removeFirst() }
            heartbeatTime = now + Self.spread(Self.heartbeat, random)
            return nil
        case .orders:
            ordersTime = now + Self.spread(Self.orders, random)
            return response.status == 200 ? order(in: response.body) : nil
        }
    }

    private mutating func order(in body: [UInt8]) -> Order? {
        guard let json = try? JSONParser.parse(body), let kind = json["order"]?.text.flatMap(Order.Kind.init),
            let number = json["id"]?.integer, kind != .none, number != lastOrder
        else { return nil }
        lastOrder = number
        return Order(kind: kind, number: number)
    }

    /// Between nine and eleven tenths of it.
    private static func spread(_ milliseconds: Int64, _ random: UInt32) -> Int64 {
        milliseconds * (900 + Int64(random % 201)) / 1000
    }
}
