import Inventory
import PXE
import Vocabulary

/// What machines ask under their boot's name. Nothing comes of it unless it comes from an address of the machine.
extension FleetAuthority {
    public func answer(_ call: MachineCall, reply: @escaping @Sendable (MachineCallAnswer) -> Void) {
        let now = Moment.now()
        switch call.kind {
        case .segment: handOut(call, now: now, reply: reply)
        case .report, .orders, .logs:
            guard let token = call.token else { return reply(.unauthorized) }
            let asker = call.kind == .orders ? book.asker(for: call.boot) : book.holder(of: call.boot)
            guard let holder = asker else { return reply(.closed) }
            guard case .given(let kept) = holder.token, BootToken.matches(token, kept),
                comesFrom(holder.machine, call.peer, now: now)
            else {
                let message = "\(call.peer) used a wrong token for a boot of \(holder.machine), or from elsewhere"
                say(.tokenRefused, holder.machine, message, now: now)
                return reply(.unauthorized)
            }
            switch call.kind {
            case .orders: orders.poll(call.boot, wait: call.wait, now: now.uptime, reply: reply)
            case .logs: reply(orders.take(call, now: now.uptime))
            case .report, .segment: report(call, machine: holder.machine, now: now, reply: reply)
            }
        }
    }

    private func report(
        _ call: MachineCall,
        machine: String,
        now: Moment,
        reply: @escaping @Sendable (MachineCallAnswer) -> Void
    ) {
        let report: BootReport
        do {
            report = try BootReport(parsing: call.body)
        } catch {
            return reply(.malformed(error.why))
        }
        let isOpen = book.report(report, of: call.boot, now: now) { reply($0 ? .done : .later(seconds: 5)) }
        if !isOpen { reply(.closed) }
    }

    /// Whether an answer to `peer` reaches the machine and nobody else.
    private func comesFrom(_ machine: String, _ peer: IPv4Address, now: Moment) -> Bool {
        origin(of: peer, asking: machine, now: now) == .own
    }
}
