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
        guard let recipient = book.recipient(of: call.boot) else { return reply(.forbidden) }
        guard comesFrom(recipient.machine, call.peer, now: now) else {
            let reason = "\(call.peer), which is not \(recipient.machine), asked for its segment"
            warn(book.revokeToken(of: call.boot, because: reason, now: now), reason)
            return reply(.forbidden)
        }
        let token = BootToken()
        let profile = recipient.profile.flatMap { name in snapshot.read { $0.profiles[name] } }
        // Who may not have it is told at once; files and secrets are made only for who gets them.
        guard let profile, !profile.files.isEmpty, recipient.isKernelWhole, recipient.token == .none else {
            return handOut(
                call,
                Result { try MachineSegment(token: token).bytes() },
                token,
                to: recipient,
                reply: reply
            )
        }
        let isTaken = segments.submit { [self] in
            let segment: Result<[UInt8], any Error>
            do {
                segment = .success(try await makeSegment(call, profile, token, for: recipient))
            } catch {
                segment = .failure(error)
            }
            handOut(call, segment, token, to: recipient, reply: reply)
        }
        if !isTaken { reply(.later(seconds: 5)) }
    }

    private func makeSegment(
        _ call: MachineCall,
        _ profile: Profile,
        _ token: BootToken,
        for recipient: BootBook.Recipient
    ) async throws -> [UInt8] {
        guard let machine = snapshot.read({ $0.machine(named: recipient.machine) }) else {
            throw FleetError(.notFound, "there is no machine '\(recipient.machine)'")
        }
        let facts = SegmentTemplates.Facts(
            machine: machine,
            mac: recipient.mac,
            address: call.peer,
            profile: profile,
            boot: call.boot,
            image: recipient.image,
            server: call.server
        )
        let image = try shelf.image(recipient.image, now: .now()).manifest
        return try await segments.segment(facts, image: image, token: token)
    }

    /// Gives the segment away, if it was made and still is the caller's.
    private func handOut(
        _ call: MachineCall,
        _ segment: Result<[UInt8], any Error>,
        _ token: BootToken,
        to recipient: BootBook.Recipient,
        reply: @escaping @Sendable (MachineCallAnswer) -> Void
    ) {
        let now = Moment.now()
        let bytes: [UInt8]
        switch segment {
        case .success(let made): bytes = made
        case .failure(let error):
            say(
                .segmentFailed,
                recipient.machine,
                "the segment of \(recipient.machine) cannot be made: \(error)",
                now: now
            )
            return reply(.later(seconds: 10))
        }
        switch book.handOut(call.boot, token: token.digest, now: now) {
        case .early: reply(.later(seconds: 1))
        case .refused(let rows):
            warn(rows, "\(recipient.machine) asked for its segment again")
            reply(.forbidden)
        case .given(let rows):
            // A boot that goes on without the ledger, because its image is proven, does so with a token in memory.
            ledger.commit(rows) { _ in reply(.segment(bytes)) }
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
