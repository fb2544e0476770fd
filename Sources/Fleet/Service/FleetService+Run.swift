import CLinuxNet
import Inventory
import ServiceLifecycle
import Vocabulary

extension FleetService {
    /// Runs what goes on beside requests, until it is cancelled or shut down; then everything that waits is written
    /// and the stores are closed.
    public func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            await withDiscardingTaskGroup { group in
                group.addTask { await self.sweepForever() }
                group.addTask { await self.keepHealth() }
                group.addTask { await self.runBuilds() }
                group.addTask { await self.rollouts.run() }
                group.addTask { await self.makeSegments() }
                group.addTask { await self.repeatedly(every: .seconds(2)) { await self.keepInventory() } }
                group.addTask { await self.repeatedly(every: .seconds(2)) { self.keepLedger() } }
                group.addTask { await self.repeatedly(every: .seconds(1)) { await self.keepSnapshot() } }
                group.addTask { await self.repeatedly(every: .seconds(1)) { self.watchImages() } }
                group.addTask { await self.repeatedly(every: .seconds(1)) { self.retryBuilds(now: .now()) } }
                group.addTask {
                    await self.repeatedly(every: .seconds(1)) { self.authority.orders.expire(now: Moment.now().uptime) }
                }
            }
        }
        await keepSnapshot()
        inventory.close()
        records.close()
        ledger.close()
    }

    /// Takes changes on disk that nobody told: images imported by another process.
    public func reload() {
        planner.invalidate()
        authority.files.removeAll()
        sweeps.add(.everything)
    }

    private func sweepForever() async {
        for await _ in sweeps.signals {
            while let next = sweeps.take() {
                if Task.isCancelled { return }
                await sweep(next)
                // What a large commit was made of is garbage in many small pieces, which glibc would keep.
                if next.isLarge { muster_trim_memory() }
            }
        }
    }

    /// Makes the machine segments that take time, a few at once, until the task is cancelled.
    func makeSegments() async {
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            for await job in authority.segments.jobs {
                if running >= SegmentMaker.concurrent {
                    await group.next()
                    running -= 1
                }
                group.addTask { await job() }
                running += 1
            }
        }
    }

    /// Until the task is cancelled.
    func repeatedly(every interval: Duration, _ body: () async -> Void) async {
        while !Task.isCancelled {
            await body()
            do { try await Task.sleep(for: interval) } catch { return }
        }
    }

    /// Finds out whether a ledger that could not be written can be written again, though nobody asks for anything: by
    /// the row that says so.
    func keepLedger() {
        guard ledger.failure != nil else { return }
        authority.write([EventKind.ledgerAvailable.row("", "the ledger is written again", at: Moment.now().wall)])
    }

    /// Brings the inventory back when it was away, and hands it what the ledger has and it has not.
    func keepInventory() async {
        let before = inventory.failure
        if await inventory.check() {
            planner.invalidate()
            sweeps.add(.everything)
        }
        if inventory.failure == nil { inventoryLastSeen.withLock { $0 = Moment.now().uptime } }
        guard inventory.failure == nil else {
            if before == nil, let failure = inventory.failure {
                authority.write([EventKind.inventoryUnavailable.row("", failure.message, at: Moment.now().wall)])
            }
            return
        }
        if before != nil {
            authority.write([EventKind.inventoryAvailable.row("", "the inventory is back", at: Moment.now().wall)])
            sweeps.add(.everything)
        }
        let uptime = Moment.now().uptime
        guard handOver.withLock({ $0.isDue(position: ledger.position, now: uptime) }) else { return }
        do {
            _ = try await inventory.use { try await $0.catchUp(with: records) }
            let facts = newFacts()
            if !facts.isEmpty { try await inventory.use { try await $0.record(facts) } }
        } catch {
            logger.debug("the ledger was not handed on", metadata: ["reason": "\(error)"])
        }
    }

    /// What machines said about themselves that is not written yet.
    private func newFacts() -> [String: MachineFacts] {
        let now = Moment.now().wall
        var result: [String: MachineFacts] = [:]
        for (name, said) in authority.book.takeWhatWasSaid(limit: 1000) {
            guard let machine = snapshot.read({ $0.machine(named: name) }) else { continue }
            var facts = machine.facts ?? MachineFacts(lastSeen: now)
            facts.uuid = said.identity?.uuid ?? facts.uuid
            facts.serial = said.identity?.serial ?? facts.serial
            facts.architecture = said.identity?.architecture ?? facts.architecture
            facts.reported = said.reported ?? facts.reported
            guard facts != machine.facts else { continue }
            facts.lastSeen = now
            result[name] = facts
        }
        return result
    }

    /// Writes to the snapshot file what changed since it was written.
    func keepSnapshot() async {
        do {
            try await snapshotKeeper.write()
        } catch {
            if authority.throttle.allows("snapshot", now: .now()) {
                logger.error("the snapshot cannot be written", metadata: ["reason": "\(error)"])
            }
        }
    }

    /// Images are imported by other processes too; their names' directory says when.
    func watchImages() {
        let version = images.version
        let before = seenImages.withLock { seen in
            defer { seen = version }
            return seen
        }
        if before != version {
            planner.invalidate()
            sweeps.add(.everything)
        }
    }
}
