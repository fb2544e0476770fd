import CInit

/// Tells the server how this boot goes, and does what it orders. Nothing in the machine waits for it.
final class Agent {
    private let machine: Machine
    /// `http://A:P/boots/<id>`.
    private let base: String
    private let token: String
    private var life: AgentLife
    private var timer: EventLoop.Timer?
    private var isAsking = false
    private var hasGivenFacts = false
    private let obey: (PowerAction, String) -> Void

    /// In milliseconds, for one request and its answer.
    private static let patience: Int64 = 10_000

    /// nil when the machine was not started by a server that gave it a token.
    init?(machine: Machine, obey: @escaping (PowerAction, String) -> Void) {
        guard let token = machine.token, let url = machine.arguments.value("muster.url"),
            let boot = machine.arguments.value("muster.boot")
        else { return nil }
        let base = "\(url)/boots/\(boot)"
        do throws(InitError) {
            _ = try HTTPAddress(base)
        } catch {
            machine.console.say("nothing is reported: \(error.message)")
            return nil
        }
        self.machine = machine
        self.base = base
        self.token = token
        self.obey = obey
        life = AgentLife(now: machine.loop.now)
        schedule()
    }

    func report(_ standing: Supervisor.Standing) {
        switch standing {
        case .booting: return
        case .up: life.add(AgentLife.Report(state: .up))
        case .healthy: life.add(AgentLife.Report(state: .healthy))
        case .failed(let reason): life.add(AgentLife.Report(state: .failed, reason: reason))
        }
        schedule()
    }

    private func schedule() {
        machine.loop.cancel(timer)
        guard !isAsking, life.nextTime != .max else { return }
        timer = machine.loop.after(life.nextTime - machine.loop.now) { [self] in ask() }
    }

    private func ask() {
        guard !isAsking, let request = life.due(at: machine.loop.now), let message = message(request) else {
            return schedule()
        }
        isAsking = true
        HTTPExchange.start(message, with: message.address.socket, timeout: Self.patience, loop: machine.loop) {
            [self] in
            isAsking = false
            finished(request, $0)
        }
    }

    private func message(_ request: AgentLife.Request) -> HTTPRequest? {
        switch request {
        case .orders:
            guard let address = try? HTTPAddress(base + "/orders") else { return nil }
            return HTTPRequest(method: "GET", address: address, token: token)
        case .report(let report):
            guard let address = try? HTTPAddress(base + "/report") else { return nil }
            let body = JSON.members([
                ("state", .string(report.state.rawValue)), ("reason", report.reason.map { .string($0) }),
                ("facts", hasGivenFacts ? nil : Facts.gather()),
            ])
            return HTTPRequest(method: "POST", address: address, token: token, body: body.bytes)
        }
    }

    private func finished(_ request: AgentLife.Request, _ result: HTTPExchange.Result) {
        var response: HTTPResponse?
        if case .answered(let answer) = result { response = answer }
        if case .report = request, let status = response?.status, 200..<300 ~= status { hasGivenFacts = true }
        var random: UInt32 = 0
        sys_random(&random, 4)
        let order = life.finished(request, response, at: machine.loop.now, random: random)
        if life.isOver { machine.console.say("the server takes no reports of this boot any more") }
        switch order?.kind {
        case .reboot: obey(.reboot, "the server orders a reboot")
        case .poweroff: obey(.powerOff, "the server orders power off")
        case .kexec: obey(.kexec, "the server orders another kernel")
        case Optional.none, .some(.none): break
        }
        schedule()
    }
}
