import CInit

/// Tells the server how this boot goes, does what it orders and shows it logs. Nothing in the machine waits for it.
final class Agent {
    private let machine: Machine
    /// `http://A:P/boots/<id>`.
    private let base: String
    private let token: String
    private var reports = ReportLife()
    private var orders: OrderLife
    private var timer: EventLoop.Timer?
    private var isReporting = false
    private var isAsking = false
    private var hasGivenFacts = false
    private var hasSaidEnd = false
    /// Questions about logs that are being answered.
    private var answers: [Int: LogAnswer] = [:]
    private let logs: () -> [LogSource]
    private let obey: (OrderLife.Order) -> Void

    /// In milliseconds, for one request and its answer, beside what the server was asked to wait.
    private static let patience: Int64 = 10_000
    /// Questions about logs that are answered at once; the server has fewer.
    private static let mostAnswers = 16

    /// nil when the machine was not started by a server that gave it a token.
    /// - Parameters:
    ///   - logs: those that can be asked for now.
    ///   - obey: does what the server orders.
    init?(machine: Machine, logs: @escaping () -> [LogSource], obey: @escaping (OrderLife.Order) -> Void) {
        guard let token = machine.token, let url = machine.arguments.value("muster.url"),
            let boot = machine.arguments.value("muster.boot")
        else { return nil }
        let base = "\(url)/boots/\(boot)"
        do throws(InitError) {
            _ = try HTTPAddress(base)
        } catch {
            machine.console.say("nothing is reported, and no order is taken: \(error.message)")
            return nil
        }
        self.machine = machine
        self.base = base
        self.token = token
        self.logs = logs
        self.obey = obey
        orders = OrderLife(now: machine.loop.now)
        schedule()
    }

    func report(_ standing: Standing) {
        switch standing {
        case .booting: return
        case .up: reports.add(ReportLife.Report(state: .up))
        case .healthy: reports.add(ReportLife.Report(state: .healthy))
        case .failed(let reason): reports.add(ReportLife.Report(state: .failed, reason: reason))
        }
        schedule()
    }

    private func schedule() {
        machine.loop.cancel(timer)
        guard !isOver else { return }
        let next = min(isReporting ? .max : reports.nextTime, isAsking ? .max : orders.nextTime)
        guard next != .max else { return }
        timer = machine.loop.after(next - machine.loop.now) { [self] in act() }
    }

    /// The server will hear nothing more of this boot.
    private var isOver: Bool { reports.isOver || orders.isOver }

    private func act() {
        let now = machine.loop.now
        if !isReporting, let report = reports.due(at: now) { send(report) }
        if !isAsking, orders.isDue(at: now) { ask() }
        schedule()
    }

    private static var random: UInt32 {
        var random: UInt32 = 0
        sys_random(&random, 4)
        return random
    }

    private func send(_ report: ReportLife.Report) {
        guard let address = try? HTTPAddress(base + "/report") else { return }
        isReporting = true
        let body = JSON.members([
            ("state", .string(report.state.rawValue)), ("reason", report.reason.map { .string($0) }),
            ("facts", hasGivenFacts ? nil : Facts.gather()),
        ])
        exchange(HTTPRequest(method: "POST", address: address, token: token, body: body.bytes), Self.patience) {
            [self] response in
            isReporting = false
            if let status = response?.status, 200..<300 ~= status {
                hasGivenFacts = true
                orders.serverAnswers(at: machine.loop.now)
            }
            reports.finished(report, response, at: machine.loop.now, random: Self.random)
        }
    }

    private func ask() {
        guard let address = try? HTTPAddress("\(base)/orders?wait=\(OrderLife.wait)") else { return }
        isAsking = true
        let timeout = Self.patience + Int64(OrderLife.wait) * 1000
        exchange(HTTPRequest(method: "GET", address: address, token: token), timeout) { [self] response in
            isAsking = false
            let news = orders.finished(response, at: machine.loop.now, random: Self.random)
            for request in news.logs { answer(request) }
            if let order = news.order { obey(order) }
        }
    }

    private func exchange(_ message: HTTPRequest, _ timeout: Int64, _ done: @escaping (HTTPResponse?) -> Void) {
        HTTPExchange.start(message, with: message.address.socket, timeout: timeout, loop: machine.loop) { [self] in
            var response: HTTPResponse?
            if case .answered(let answer) = $0 { response = answer }
            done(response)
            if isOver, !hasSaidEnd {
                hasSaidEnd = true
                machine.console.say("the server takes no reports of this boot any more")
            }
            schedule()
        }
    }

    private func answer(_ request: OrderLife.LogRequest) {
        guard answers.count < Self.mostAnswers else { return }
        answers[request.number] = LogAnswer(request, of: logs(), machine: machine, base: base, token: token) { [self] in
            answers[request.number] = nil
        }
    }
}
