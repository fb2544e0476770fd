import Build
import Inventory
import PXE
import Vocabulary

/// The machine segment: what one machine alone may have, handed out once a boot and only to a card of that machine.
extension FleetAuthority {
    /// Whose an address is, for what only one machine may have.
    enum Origin: Hashable, Sendable {
        case own
        case foreign
        /// The link does not say at this moment.
        case unknown
    }

    func origin(of peer: IPv4Address, asking name: String, now: Moment) -> Origin {
        guard let machine = snapshot.read({ $0.machine(named: name) }) else { return .foreign }
        if addresses.trusts(peer) { return .own }
        switch addresses.recipient(at: peer, now: now) {
        case .card(let mac): return machine.nics.contains { $0.mac == mac } ? .own : .foreign
        case .silent: return .unknown
        case .beyond: return .foreign
        }
    }

    func handOut(
        _ call: MachineCall,
        now: Moment,
        reply: @escaping @Sendable (MachineCallAnswer) -> Void
    ) {
        guard let recipient = book.recipient(of: call.boot) else { return reply(.forbidden) }
        guard isFor(recipient, call, now: now, reply: reply) else { return }
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

    /// Answers whoever is not the machine, and does not wait for its token to be of any use.
    private func isFor(
        _ recipient: BootBook.Recipient,
        _ call: MachineCall,
        now: Moment,
        reply: @Sendable (MachineCallAnswer) -> Void
    ) -> Bool {
        switch origin(of: call.peer, asking: recipient.machine, now: now) {
        case .own: return true
        case .unknown: reply(.later(seconds: 1))
        case .foreign:
            let reason = "\(call.peer), which is not \(recipient.machine), asked for its segment"
            if book.revokeToken(of: call.boot, because: reason, now: now) { warn(reason) }
            reply(.forbidden)
        }
        return false
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
        // Making it took time, in which the address may have been taken.
        guard isFor(recipient, call, now: now, reply: reply) else { return }
        // A boot that goes on without the ledger, because its image is proven, does so with a token in memory.
        let handOut = book.handOut(call.boot, token: token.digest, now: now) { _ in reply(.segment(bytes)) }
        switch handOut {
        case .given: break
        case .early: reply(.later(seconds: 1))
        case .refused(let isNews):
            if isNews { warn("\(recipient.machine) asked for a segment that it had, or too late") }
            reply(.forbidden)
        }
    }

    private func warn(_ reason: String) { logger.warning("\(reason); the boot's token is revoked") }
}
