import Foundation
import PXE
import Vocabulary

/// What runs in a simulated machine once it is up: it reports as our agent does, and does what it is ordered to. A
/// connection for each request. Belongs to the loop's thread.
final class SimulatedAgent {
    private unowned let machine: SimulatedMachine
    private let base: String
    private let token: String
    private var reporting: Connection?
    private var asking: Connection?
    private var reportTimer: EventLoop.Timer?
    private var orderTimer: EventLoop.Timer?
    private var failures = 0
    private var lastOrder = 0

    /// The agent's own times (`Sources/Init/Agent`).
    private static let heartbeat = Duration.seconds(30)
    private static let wait = 25
    private static let orderPause = Duration.seconds(10)

    init(_ machine: SimulatedMachine, base: String, token: String) {
        (self.machine, self.base, self.token) = (machine, base, token)
    }

    private var loop: EventLoop { machine.fleet.loop }

    func begin() {
        let began = machine.now
        report("up", facts: true) { [unowned self] in
            machine.report.took(.up, machine.now - began)
            let then = machine.now
            report("healthy") { [unowned self] in
                machine.report.took(.healthy, machine.now - then)
                machine.report.took(.boot, machine.now - machine.poweredOn)
                machine.move(to: .healthy)
                guard machine.fleet.configuration.takesOrders else { return }
                beat()
                ask()
            }
        }
    }

    func stop() {
        reporting?.close()
        asking?.close()
        if let reportTimer { loop.cancel(reportTimer) }
        if let orderTimer { loop.cancel(orderTimer) }
    }

    /// Between nine and eleven tenths of it.
    private func spread(_ duration: Duration) -> Duration { duration * Double.random(in: 0.9...1.1) }

    // MARK: Reports

    private func beat() {
        reportTimer = loop.schedule(after: spread(Self.heartbeat)) { [unowned self] in
            report("alive") { [unowned self] in beat() }
        }
    }

    private func report(_ state: String, facts: Bool = false, then next: @escaping () -> Void) {
        let body =
            facts ? #"{"state":"\#(state)","facts":{"simulated":true,"model":"simulator"}}"# : #"{"state":"\#(state)"}"#
        reporting = exchange("POST", "/report", body: body) { [unowned self] status, _ in
            switch status {
            case 204?:
                failures = 0
                next()
            case 401?, 403?, 409?: break  // The server takes no reports of this boot any more.
            default:
                machine.report.count(\.httpRetries)
                let pause = Duration.seconds(min(30, 1 << min(failures, 5)))
                failures += 1
                reportTimer = loop.schedule(after: spread(pause)) { [unowned self] in
                    report(state, facts: facts, then: next)
                }
            }
        }
    }

    // MARK: Orders

    private struct Order: Decodable {
        var order: String
        var id: Int
    }

    private func ask() {
        let asked = machine.now
        asking = exchange("GET", "/orders?wait=\(Self.wait)") { [unowned self] status, bytes in
            guard let status, status != 503 else { return askLater(spread(Self.orderPause)) }
            guard status == 200, let order = try? JSONDecoder().decode(Order.self, from: Data(bytes)) else { return }
            if order.order != "none", order.id != lastOrder {
                lastOrder = order.id
                machine.report.count(\.orders)
                switch order.order {
                case "reboot", "kexec": return machine.powerOn()
                case "poweroff": return machine.end()
                default: break
                }
            }
            askLater(max(.zero, spread(Self.orderPause) - (machine.now - asked)))
        }
    }

    private func askLater(_ pause: Duration) {
        orderTimer = loop.schedule(after: pause) { [unowned self] in ask() }
    }

    /// One request on a connection of its own.
    /// - Parameter done: the status, or nil when there was no answer, and the body.
    private func exchange(
        _ method: String,
        _ path: String,
        body: String? = nil,
        done: @escaping (Int?, [UInt8]) -> Void
    ) -> Connection? {
        guard let target = WebAddress(base + path), let address = machine.address else { return nil }
        var text = "\(method) \(target.path) HTTP/1.1\r\nHost: \(target.host)\r\nUser-Agent: muster-init\r\n"
        text += "Connection: close\r\nAuthorization: Bearer \(token)\r\n"
        if let body { text += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n" }
        let connection: Connection
        do throws(SystemError) {
            connection = try Connection(from: address, to: target.host, isSlow: machine.isSlow, fleet: machine.fleet)
        } catch {
            if !error.isTransient { machine.fleet.fail(error) }
            loop.schedule(after: .zero) { [weak self] in if self != nil { done(nil, []) } }
            return nil
        }
        var bytes: [UInt8] = []
        let patience = body == nil ? Duration.seconds(10 + Self.wait) : .seconds(10)
        let finish: Connection.Done = {
            if case .success(let head) = $0 { done(head.status, bytes) } else { done(nil, bytes) }
        }
        let request = Array((text + "\r\n" + (body ?? "")).utf8)
        connection.send(request, patience: patience, body: { bytes += $0 }, done: finish)
        return connection
    }
}
