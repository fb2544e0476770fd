import Inventory
import PXE
import Vocabulary

/// What machines ask under their boot's name. Nothing comes of it unless it comes from an address of the machine.
extension FleetAuthority {
    public func answer(_ call: MachineCall, reply: @escaping @Sendable (MachineCallAnswer) -> Void) {
        let now = Moment.now()
        switch call.kind {
        case .segment: handOut(call, now: now, reply: reply)
        case .report, .orders:
            guard let token = call.token else { return reply(.unauthorized) }
            guard let holder = book.holder(of: call.boot) else { return reply(.closed) }
            guard case .given(let kept) = holder.token, BootToken.matches(token, kept),
                comesFrom(holder.machine, call.peer, now: now)
            else {
                let message = "\(call.peer) used a wrong token for a boot of \(holder.machine), or from elsewhere"
                say(.tokenRefused, holder.machine, message, now: now)
                return reply(.unauthorized)
            }
            if call.kind == .orders {
                reply(.state(Self.noOrder))
            } else {
                report(call, machine: holder.machine, now: now, reply: reply)
            }
        }
    }

    /// Nobody can give orders yet.
    private static let noOrder = Array(#"{"order":"none","id":0}"#.utf8) + [UInt8(ascii: "\n")]

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
        guard let rows = book.report(report, of: call.boot, now: now) else { return reply(.closed) }
        guard !rows.isEmpty else { return reply(.done) }
        ledger.commit(rows) { [book] written in
            if !written { book.keep(rows, of: machine) }
            reply(written ? .done : .later(seconds: 5))
        }
    }

    // MARK: The machine segment

    private func handOut(
        _ call: MachineCall,
        now: Moment,
        reply: @escaping @Sendable (MachineCallAnswer) -> Void
    ) {
        guard let holder = book.holder(of: call.boot) else { return reply(.forbidden) }
        guard comesFrom(holder.machine, call.peer, now: now) else {
            let reason = "\(call.peer), which is not \(holder.machine), asked for its segment"
            warn(book.revokeToken(of: call.boot, because: reason, now: now), reason)
            return reply(.forbidden)
        }
        let token = BootToken()
        let segment: [UInt8]
        do {
            segment = try MachineSegment(token: token).bytes()
        } catch {
            logger.error(
                "a machine segment cannot be made",
                metadata: ["machine": "\(holder.machine)", "reason": "\(error)"]
            )
            return reply(.later(seconds: 10))
        }
        switch book.handOut(call.boot, token: token.digest, now: now) {
        case .early: reply(.later(seconds: 1))
        case .refused(let rows):
            warn(rows, "\(holder.machine) asked for its segment again")
            reply(.forbidden)
        case .given(let rows):
            // A boot that goes on without the ledger, because its image is proven, does so with a token in memory.
            ledger.commit(rows) { _ in reply(.segment(segment)) }
        }
    }

    private func warn(_ rows: [LedgerRow], _ reason: String) {
        guard !rows.isEmpty else { return }
        write(rows)
        logger.warning("\(reason); the boot's token is revoked")
    }

    private func comesFrom(_ name: String, _ peer: IPv4Address, now: Moment) -> Bool {
        guard let machine = snapshot.read({ $0.machine(named: name) }) else { return false }
        return isOwn(peer, owner: addresses.mac(of: peer, now: now), of: machine)
    }
}
