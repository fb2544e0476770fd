import Inventory
import Rollout
import Vocabulary

extension RollDriver {
    /// Between two looks when machines change all the time; between two decisions when nothing is under way; between two
    /// saves of what was seen.
    static let pause: Duration = .milliseconds(200)
    static let idle: Duration = .seconds(30)
    private static let save: Duration = .seconds(2)
    /// Decisions in one tick, each on the rows that the one before left.
    private static let mostRounds = 50

    /// Decides and does, for as long as the task runs.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.ringEverySecond() }
            group.addTask {
                for await _ in self.book.changes.rings {
                    await self.tick(now: .now())
                    do { try await Task.sleep(for: Self.pause) } catch { return }
                }
            }
            for await job in jobs { group.addTask { await self.perform(job) } }
        }
    }

    private func ringEverySecond() async {
        while !Task.isCancelled {
            book.changes.ring()
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
        }
    }

    /// Looks at what machines did, and decides when it is time to.
    func tick(now: Moment) async {
        await turns.next {
            look(now: now)
            guard isDue(now) else { return await keep(now: now) }
            do {
                try await decide(now: now)
            } catch let error as DriverFenced {
                logger.debug("nothing was decided", metadata: ["reason": "\(error)"])
            } catch {
                if authority.throttle.allows("driver \(error)", now: now) {
                    logger.error("nothing could be decided", metadata: ["reason": "\(error)"])
                }
            }
            await tellInventory()
            beginWork()
            await keep(now: now)
        }
    }

    /// Why nothing is decided; nil when everything is as it should be. With the inventory away what people wrote may not be
    /// what is here; with the ledger away nothing could be granted.
    var idleness: String? {
        if state.withLock({ $0.isFenced }) { return "another process drives rolls with this ledger" }
        return inventory.failure.map { "the inventory is away: \($0.message)" }
            ?? ledger.failure.map { "the ledger cannot be written: \($0.message)" }
    }

    /// Whether there is anything to decide, and anybody to decide it.
    private func isDue(_ now: Moment) -> Bool {
        guard idleness == nil else { return false }
        return state.withLock { state in
            let isActive =
                !state.findings.isEmpty || !state.meant.isEmpty || !state.rows.alarms.isEmpty
                || state.rows.rolls.contains(where: \.isOpen) || state.rows.machines.contains(where: \.isUnfinished)
            guard isActive || now.uptime - state.lastSave >= Self.idle else { return false }
            return true
        }
    }

    private func decide(now: Moment) async throws {
        let findings = state.withLock { $0.findings }
        try await transact(now: now) { draft in
            draft.touched = []
            let begin = Moment.now().uptime
            defer { authority.statistics.decisions.observe(Moment.now().uptime - begin) }
            for finding in findings { try draft.record(finding) }
            for _ in 0..<Self.mostRounds {
                let intents = draft.rows.decide(now: now.wall, zones: zones)
                if intents.isEmpty { return }
                try draft.apply(intents)
            }
            logger.critical(
                "the rollout engine does not come to rest",
                metadata: ["rolls": "\(draft.rows.rolls.count)"]
            )
        }
        state.withLock { $0.findings.removeFirst(findings.count) }
    }

    /// Brings the inventory to what profiles are meant to have.
    private func tellInventory() async {
        let meant = state.withLock { $0.meant }
        guard !meant.isEmpty else { return }
        var left = meant
        for (profile, meaning) in meant {
            do {
                let newest = authority.snapshot.read { $0.latestRelease(of: profile)?.number }
                let release = meaning.release == newest ? nil : meaning.release
                try await inventory.use { try await $0.mean(release, for: profile) }
            } catch let error as InventoryError where error.code == .notFound {
                // The profile is gone, and with it whoever was meant.
            } catch {
                continue
            }
            left[profile] = nil
        }
        guard left != meant, let epoch = state.withLock({ $0.epoch }) else { return }
        let told = left
        let written = await withCheckedContinuation { done in
            ledger.commit([DriverDocument.meant.row(told)], epoch: epoch) { done.resume(returning: $0 == .written) }
        }
        if written { state.withLock { $0.meant = told } }
    }

    /// Writes down what was seen and belongs to no decision: a restart begins with it.
    private func keep(now: Moment) async {
        let rows = state.withLock { state -> [LedgerRow] in
            var rows: [LedgerRow] = []
            if now.uptime - state.lastHealthSave >= Self.save, !state.unwritten.isEmpty {
                state.lastHealthSave = now.uptime
                for name in state.unwritten {
                    guard let row = state.rows[name] else { continue }
                    rows.append(.machineHealth(machine: name, document: document(MachineHealthFile(row))))
                }
                state.unwritten.removeAll()
            }
            if now.uptime - state.lastSave >= Self.idle {
                state.lastSave = now.uptime
                if state.learned { rows.append(DriverDocument.bootTimes.row(state.rows.bootTimes)) }
                state.learned = false
                rows.append(DriverDocument.clock.row(state.rows.clock))
            } else if !rows.isEmpty {
                rows.append(DriverDocument.clock.row(state.rows.clock))
            }
            return rows
        }
        guard !rows.isEmpty, let epoch = try? await lead() else { return }
        // What is lost of it is seen again.
        ledger.commit(rows, epoch: epoch) { _ in }
    }
}

extension MachineRow {
    /// Whether its part, though the roll may be over, may still come to something.
    fileprivate var isUnfinished: Bool {
        guard let part else { return false }
        return part.phase.isInFlight || part.isDrained || part.phase == .failed && !part.wasRecovered && !isHealthy
    }
}

extension RollDraft {
    /// Stores intents, and remembers whom they are about.
    mutating func apply(_ intents: [Intent]) throws {
        try rows.apply(intents, epoch: rows.lease.epoch)
        for intent in intents {
            switch intent {
            case .rollBack(let roll, _):
                touched?.formUnion(rows.rolls.last.map { rows.members(of: $0.id) } ?? [])
                // Those that had no turn have their part in the roll that ended.
                touched?.formUnion(rows.members(of: roll))
            default: if let machine = intent.machine { touched?.insert(machine) }
            }
        }
    }

    mutating func record(_ finding: Finding) throws {
        let epoch = rows.lease.epoch
        switch finding {
        case .errand(let outcome, let machine, let number):
            touched?.insert(machine)
            try rows.record(outcome, of: machine, number: number, epoch: epoch)
        case .gate(let outcome, let roll, let stage, let index):
            try rows.record(outcome, of: roll, stage: stage, gate: index, epoch: epoch)
        }
    }
}

extension Intent {
    /// Whom it is about; nil for a roll or the fleet.
    fileprivate var machine: String? {
        switch self {
        case .grant(let machine, _, _), .drain(let machine, _, _, _), .reboot(let machine, _, _, _, _),
            .notice(let machine, _, _, _), .settle(let machine, _, _, _), .undo(let machine, _),
            .undrain(let machine, _, _), .recover(let machine, _, _):
            machine
        case .freeze, .bake, .ask, .advance, .hold, .rollBack, .finish, .stall, .raise, .clear: nil
        }
    }
}
