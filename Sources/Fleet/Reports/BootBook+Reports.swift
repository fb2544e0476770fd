import Inventory
import Rollout
import Vocabulary

/// What machines are given once, and what their systems say with it.
extension BootBook {
    /// What asking for a machine segment comes to.
    enum HandOut: Sendable {
        /// It is this caller's, once that is written.
        case given
        /// The kernel has not been fetched yet.
        case early
        /// It was handed out before, or the boot has none.
        /// - Parameter isNews: the boot's token was worth something until now.
        case refused(isNews: Bool)
    }

    /// How long after a boot's last byte its segment can be had: loaders ask at once, or after a pause of seconds.
    static let segmentLife: Duration = .seconds(600)

    /// What a machine segment is made for: the profile's name and the card and image of an open boot.
    struct Recipient: Sendable {
        var machine: String
        var token: BootRecord.Token
        var profile: String?
        var mac: MACAddress
        var image: Digest
        var isKernelWhole: Bool
    }

    func recipient(of id: BootID) -> Recipient? {
        contents.withLock { contents in
            guard let slot = contents.boots[id], let details = slot.details, let open = slot.open else { return nil }
            return Recipient(
                machine: slot.machine,
                token: details.token,
                profile: details.profile,
                mac: details.mac,
                image: open.image,
                isKernelWhole: slot.download?.isKernelWhole ?? true
            )
        }
    }

    /// The machine asks for its segment, in which the token with this digest would be.
    ///
    /// - Parameter done: is called when it is given, and that is on the disk or cannot be written.
    func handOut(
        _ id: BootID,
        token: Digest,
        now: Moment,
        done: @escaping @Sendable (_ written: Bool) -> Void
    ) -> HandOut {
        contents.withLock { contents in
            guard let slot = contents.boots[id], slot.open != nil else { return .refused(isNews: false) }
            guard let download = slot.download, download.instructions.hasSegment,
                slot.details?.token == BootRecord.Token.none
            else { return .refused(isNews: revoke(slot, "its machine asked for its segment again", now: now)) }
            guard now.uptime - download.lastProgress <= Self.segmentLife else {
                return .refused(isNews: revoke(slot, "its machine asked for its segment too late", now: now))
            }
            guard download.isKernelWhole else { return .early }
            slot.open?.isHandedOut = true
            slot.details?.token = .given(token)
            contents.gate.progressed(slot.machine, now: now.uptime)
            commit([slot.bootRow].compactMap(\.self), done)
            return .given
        }
    }

    /// Somebody who is not the machine asked for its segment: the boot's token is worth nothing any more.
    /// - Returns: whether it was worth something until now.
    func revokeToken(of id: BootID, because reason: String, now: Moment) -> Bool {
        contents.withLock { contents in contents.boots[id].map { revoke($0, reason, now: now) } ?? false }
    }

    private func revoke(_ slot: MachineSlot, _ reason: String, now: Moment) -> Bool {
        let rows = slot.revoke(reason, now: now)
        if !rows.isEmpty { commit(rows) { _ in } }
        return !rows.isEmpty
    }

    /// Whose an open boot is, and its token.
    func holder(of id: BootID) -> (machine: String, token: BootRecord.Token)? {
        contents.withLock { contents in
            guard let slot = contents.boots[id], let details = slot.details else { return nil }
            return (slot.machine, details.token)
        }
    }

    /// Whose a boot is whose system may ask for orders: an open one, or the last one when it said that it failed.
    func asker(for id: BootID) -> (machine: String, token: BootRecord.Token)? {
        contents.withLock { contents in
            if let slot = contents.boots[id], let details = slot.details { return (slot.machine, details.token) }
            return contents.failed[id].flatMap { slot in slot.failed.map { (slot.machine, $0.token) } }
        }
    }

    /// The boot whose system can be told something now: that the machine is in, or its last one when that said that it
    /// failed; nil when there is none with a token.
    func listener(of machine: String) -> BootID? {
        contents.withLock { contents in
            guard let slot = contents.slots[machine] else { return nil }
            if let open = slot.open, case .given? = slot.details?.token { return open.id }
            return slot.open == nil ? slot.failed?.boot : nil
        }
    }

    /// A system reported, with its boot's token.
    ///
    /// - Parameter done: is called, at once or later, when what it comes to is on the disk or cannot be written. What
    ///   cannot is written with the next report.
    /// - Returns: false when the boot is over; `done` is not called then.
    func report(
        _ report: BootReport,
        of id: BootID,
        now: Moment,
        done: @escaping @Sendable (_ written: Bool) -> Void
    ) -> Bool {
        let isNews = contents.withLock { contents -> Bool? in
            guard let slot = contents.boots[id] else { return nil }
            slot.lastHeard = now.wall
            // Who was given up is heard of again.
            if slot.beats, now.uptime - slot.heard >= Self.silence { slot.note() }
            slot.heard = now.uptime
            if report.state == .alive { slot.beats = true }
            let before = slot.details?.facts
            if let facts = report.facts, slot.reportedFacts != facts || before == nil {
                slot.reportedFacts = facts
                slot.details?.facts = JSONValue.object(facts).json
                contents.saidSomething.insert(slot.machine)
            }
            // What could not be written before, with its machine's state and boot as they are by now.
            let kept = slot.unwritten
            slot.unwritten = nil
            var rows = contents.take(report, slot: slot, now: now)
            if rows.isEmpty, kept != nil || before != slot.details?.facts {
                rows = [slot.bootRow].compactMap(\.self)
            }
            if let kept { rows = kept + [slot.stateRow] + rows }
            guard !rows.isEmpty else { return false }
            commit(rows) { [self, rows] written in
                if !written { keep(rows, of: slot.machine) }
                done(written)
            }
            return true
        }
        if isNews == false { done(true) }
        return isNews != nil
    }

    /// What a report brought could not be written: it is kept for the next one, but for the states of machine and boot,
    /// which would be old by then.
    private func keep(_ rows: [LedgerRow], of machine: String) {
        let lasting = rows.filter { row in
            switch row {
            case .machineState: false
            case .boot(let boot): !boot.state.isOpen
            default: true
            }
        }
        contents.withLock { contents in
            guard let slot = contents.slots[machine], (slot.unwritten?.count ?? 0) + lasting.count <= 64 else { return }
            slot.unwritten = (slot.unwritten ?? []) + lasting
        }
    }
}

extension BootBook.Contents {
    fileprivate mutating func take(_ report: BootReport, slot: MachineSlot, now: Moment) -> [LedgerRow] {
        guard var open = slot.open, let details = slot.details else { return [] }
        let rules = details.rules
        let triesBefore = slot.state.triesLeft
        let reported: BootRules.Reported
        switch report.state {
        case .alive: return []
        case .up:
            reported = rules.reportedUp(&slot.state, open: &open, now: now.wall)
            slot.open = open
        case .healthy:
            let decides = details.health == .reported
            reported = rules.reportedHealthy(&slot.state, open: &open, decides: decides, now: now.wall)
            slot.open = open
        case .failed:
            let reason = report.reason.isEmpty ? "its system said that it failed" : report.reason
            reported = rules.reportedFailed(&slot.state, open: &slot.open, reason: reason, now: now.wall)
        }
        guard reported != .known else { return [] }
        if slot.state.triesLeft < triesBefore { slot.details?.spentTry = true }
        slot.download = nil
        gate.finished(slot.machine)
        return rows(for: reported, report, boot: open, slot: slot, now: now)
    }

    private mutating func rows(
        for reported: BootRules.Reported,
        _ report: BootReport,
        boot open: OpenBoot,
        slot: MachineSlot,
        now: Moment
    ) -> [LedgerRow] {
        let standing = [slot.stateRow] + [slot.bootRow].compactMap(\.self)
        func note(_ stage: TimelineEntry.Stage) -> LedgerRow {
            TimelineNote(stage: stage, detail: report.reason, time: now.wall).row(of: open.id)
        }
        switch reported {
        case .known: return []
        case .up:
            // A health that the server settles or asks for counts from the last byte, which may not have been seen.
            watch(slot, now: now)
            return standing + [note(.up)]
        case .healthy: return standing + slot.healthyRows(of: open, now: now)
        case .ailing:
            let message = "\(slot.machine) is not well any more: \(report.reason)"
            let event = EventKind.bootAiling.row(slot.machine, message, at: now.wall, cause: open.id.rawValue)
            return standing + [note(.failed), event]
        case .failed(let closed):
            boots[closed.boot.id] = nil
            guard let details = slot.details else { return standing }
            keepFailed(closed.boot.id, details.token, of: slot)
            slot.details = nil
            return slot.closingRows(closed, details: details, now: now) + [slot.stateRow]
        }
    }
}

extension MachineSlot {
    fileprivate func revoke(_ reason: String, now: Moment) -> [LedgerRow] {
        guard let open else { return [] }
        let event = EventKind.segmentRefused.row(machine, reason, at: now.wall, cause: open.id.rawValue)
        guard details?.token != .revoked else { return [] }
        self.open?.isHandedOut = true
        details?.token = .revoked
        return [bootRow].compactMap(\.self) + [event]
    }
}
