import Inventory
import Rollout
import Vocabulary

/// What people do with rolls. Each call returns when it is written; one that is refused, or cannot be written, has changed
/// nothing.
extension FleetService {
    /// What a roll would do now. Changes nothing.
    ///
    /// - Throws: `FleetError.Code.notFound` when there is no such profile, release or machine.
    public func preview(_ ask: RollAsk) async throws -> RollPreview {
        await takeUpImages(of: ask.profile)
        let (request, target) = try request(ask)
        let now = Moment.now()
        let rows = await rollouts.turns.next { [rollouts] in
            rollouts.look(now: now)
            return rollouts.rows
        }
        var plan = rows.plan(request, now: now.wall, zones: rollouts.zones)
        plan.refusals += obstacles(request, rows)
        var from: [Digest: Int] = [:]
        for name in plan.stages.joined() {
            if let assigned = rows[name]?.boot.assigned { from[assigned, default: 0] += 1 }
        }
        return RollPreview(plan: plan, target: target, spec: request.spec, from: from)
    }

    /// Starts a roll: its machines, and those that come later, are meant to have the release from now on.
    ///
    /// - Throws: `FleetError.Code.refused` with every reason; `.notFound` as `preview`; `.unavailable` while the inventory
    ///   or the ledger is away.
    public func roll(_ ask: RollAsk) async throws -> RollProgress {
        await takeUpImages(of: ask.profile)
        let (request, target) = try request(ask)
        try checkInventory()
        let newest = snapshot.read { $0.latestRelease(of: ask.profile)?.number }
        let now = Moment.now()
        let id = try await rollouts.command(now: now) { [rollouts, snapshot] draft in
            let obstacles = self.obstacles(request, draft.rows)
            guard obstacles.isEmpty else { throw FleetError(.refused, obstacles.joined(separator: "; ")) }
            let id = try draft.rows.start(request, now: now.wall, zones: rollouts.zones)
            guard let row = draft.rows.roll(id) else { return id }
            var file = RollFile(row: row, release: target.number, began: now.wall)
            file.isPartial = request.only != nil
            file.origin = Self.origin(draft.rows.parts(of: id), of: ask.profile, snapshot)
            draft.files[id] = file
            if !file.isPartial {
                draft.meant[ask.profile] = Meaning(release: target.number == newest ? nil : target.number)
            }
            return id
        }
        return try await progress(of: id)
    }

    /// Does what a person said.
    ///
    /// - Returns: how far the roll is then; for `rollback` the one that takes its machines back.
    /// - Throws: `FleetError.Code.refused` when the roll is not where that can be done; `.notFound` for no such roll.
    public func perform(_ command: RollCommand, on roll: RollID) async throws -> RollProgress {
        let id = try await rollouts.command(now: .now()) { draft in
            guard draft.rows.roll(roll) != nil else { throw FleetError(.notFound, "there is no \(roll)") }
            let next = draft.rows.nextRoll
            try draft.rows.perform(command, on: roll)
            return draft.rows.roll(next) == nil ? roll : next
        }
        return try await progress(of: id)
    }

    /// The newest first, past ones too, without the machines of those that are over.
    public func rolls(limit: Int) async throws -> [RollProgress] {
        let now = Moment.now()
        let rows = rollouts.rows
        return try await records.rolls(limit: limit).map { record in
            let file: RollFile = try read(record.document)
            guard file.ended == nil else { return RollProgress(file, now: now) }
            return progress(file, rows, now: now)
        }
    }

    /// - Throws: `FleetError.Code.notFound` for no such roll, or one that is forgotten by now.
    public func progress(of roll: RollID) async throws -> RollProgress {
        let now = Moment.now()
        guard let record = try await records.roll(roll.rawValue) else {
            throw FleetError(.notFound, "there is no \(roll)")
        }
        let file: RollFile = try read(record.document)
        let rows = rollouts.rows
        if file.ended == nil { return progress(file, rows, now: now) }
        var progress = RollProgress(file, now: now)
        for member in try await records.rollMembers(of: roll.rawValue) {
            let row = rows[member.machine] ?? MachineRow(name: member.machine, profile: file.row.profile)
            progress.members.append(RollMember(machine: member.machine, part: try read(member.document), row: row))
        }
        progress.order()
        return progress
    }

    /// The part that a machine has in a roll now, or had in its last one.
    public func rollPart(of machine: String) -> RollMember? {
        rollouts.state.withLock { $0.rows[machine] }
            .flatMap { row in row.part.map { RollMember(machine: machine, part: $0, row: row) } }
    }

    /// Why nothing is granted and nobody's power is touched; nil when it may be.
    public var freeze: FleetRows.Freeze? { rollouts.state.withLock { $0.rows.freeze } }

    /// No grants, drains and reboots until somebody thaws the fleet; boots are answered as ever.
    public func freeze(_ reason: String) async throws {
        try await rollouts.command(now: .now()) { draft in draft.rows.freeze(reason) }
    }

    public func thaw() async throws {
        try await rollouts.command(now: .now()) { draft in draft.rows.thaw() }
    }

    /// Why these machines may not be made unavailable now: budgets, ceilings, a freeze; nil when they may.
    public func refusalToTakeDown(_ names: [String]) -> String? {
        let rows = rollouts.rows
        let profiles = Set(names.compactMap { rows[$0]?.profile })
        let specs = snapshot.read { snapshot in
            Dictionary(
                profiles.compactMap { name in snapshot.profiles[name].map { (name, $0.rollout) } },
                uniquingKeysWith: { first, _ in first }
            )
        }
        return rows.refusalToTakeDown(names, specs: specs)
    }
}

// MARK: What a roll is made of

extension FleetService {
    private func request(_ ask: RollAsk) throws -> (RollRequest, Release) {
        let (profile, release) = snapshot.read { snapshot in
            (
                snapshot.profiles[ask.profile],
                ask.release.map { snapshot.release($0, of: ask.profile) } ?? snapshot.meantRelease(of: ask.profile)
            )
        }
        guard let profile else { throw FleetError(.notFound, "there is no profile '\(ask.profile)'") }
        guard let release else {
            let what = ask.release.map { "no release \($0)" } ?? "no release yet: its image is not there"
            throw FleetError(.notFound, "\(ask.profile) has \(what); `muster get releases` lists them")
        }
        for name in ask.only ?? [] where snapshot.read({ $0.machine(named: name) }) == nil {
            throw FleetError(.notFound, "there is no machine '\(name)'")
        }
        return (
            RollRequest(
                profile: ask.profile,
                title: "\(ask.profile)@\(release.number)",
                images: release.images,
                spec: ask.options ?? profile.rollout,
                only: ask.only.map { Set($0) }
            ),
            release
        )
    }

    /// Why a roll would not be started, beside what the engine says.
    private func obstacles(_ request: RollRequest, _ rows: FleetRows) -> [String] {
        var obstacles: [String] = []
        if let freeze = rows.freeze {
            obstacles.append("the fleet is frozen: \(freeze.reason) (`muster thaw` goes on)")
        }
        for (architecture, image) in request.images.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            do {
                _ = try images.manifest(image)
            } catch {
                obstacles.append("the image for \(architecture) cannot be served: \(error)")
                continue
            }
            if let problem = planner.profile(named: request.profile)?.unbootable[image] {
                obstacles.append(problem)
            }
        }
        for name in request.only?.sorted() ?? [] where rows[name]?.profile != request.profile {
            obstacles.append("\(name) does not belong to \(request.profile)")
        }
        return obstacles
    }

    private func checkInventory() throws {
        if let failure = inventory.failure {
            throw FleetError(.unavailable, "nothing is granted while the inventory is away: \(failure.message)")
        }
    }

    /// The release that most of a roll's machines come from, of as many the newest; nil when what most come from is none.
    private static func origin(_ parts: [RollPart], of profile: String, _ snapshot: LiveSnapshot) -> Int? {
        let releases = snapshot.read { $0.releases[profile] ?? [] }
        var machines: [Int?: Int] = [:]
        for part in parts {
            machines[releases.last { $0.images.values.contains(part.from) }?.number, default: 0] += 1
        }
        return machines.max { ($0.value, $0.key ?? 0) < ($1.value, $1.key ?? 0) }?.key ?? nil
    }

    private func progress(_ file: RollFile, _ rows: FleetRows, now: Moment) -> RollProgress {
        var progress = RollProgress(file, now: now)
        let id = file.row.id
        progress.row = rows.roll(id) ?? file.row
        progress.members = rows.machines.compactMap { row in
            guard let part = row.part, part.roll == id else { return nil }
            return RollMember(machine: row.name, part: part, row: row)
        }
        progress.order()
        guard progress.row.isOpen else { return progress }
        progress.waiting = rows.waitingFor(id, now: now.wall, zones: rollouts.zones)
        if let reason = rollouts.idleness { progress.waiting.insert(.away(reason), at: 0) }
        progress.budget = rows.budget(of: id)
        if progress.row.isRunning, !progress.row.isPaused, rows.freeze == nil {
            progress.estimate = rows.estimate(of: id)
        }
        return progress
    }
}

extension RollProgress {
    fileprivate init(_ file: RollFile, now: Moment) {
        var counts: [RollPart.Phase: Int] = [:]
        for (name, count) in file.counts {
            if let phase = RollPart.Phase(rawValue: name) { counts[phase] = count }
        }
        self.init(
            row: file.row,
            profile: file.row.profile,
            release: file.release,
            began: file.began,
            ended: file.ended,
            counts: counts
        )
    }

    fileprivate mutating func order() {
        members.sort { ($0.part.order, $0.machine) < ($1.part.order, $1.machine) }
        counts = [:]
        for member in members { counts[member.part.phase, default: 0] += 1 }
    }
}

extension RollDriver {
    /// What a person said, in one transaction, as soon as what is under way is stored.
    ///
    /// - Throws: `FleetError`; what the engine refuses is `.refused`.
    func command<Value: Sendable>(
        now: Moment,
        _ body: @Sendable (inout RollDraft) throws -> Value
    ) async throws -> Value {
        let value = try await turns.next {
            do {
                return try await transact(now: now, body)
            } catch let refusal as RollRefusal {
                throw FleetError(.refused, refusal.description)
            } catch let error as DriverFenced {
                throw FleetError(.unavailable, error.description)
            }
        }
        await tick(now: now)
        return value
    }
}
