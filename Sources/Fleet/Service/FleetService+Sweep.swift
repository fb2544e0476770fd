import Build
import Inventory
import Logging
import PXE
import Rollout
import Vocabulary

extension FleetService {
    /// A commit of the inventory reached the snapshot: what was made of it is forgotten, who waited is settled, and the
    /// machines that it may concern are looked at again. Called on the inventory's writing thread.
    static func changed(
        _ delta: InventoryDelta,
        authority: FleetAuthority,
        planner: Planner,
        sweeps: SweepQueue
    ) {
        let now = Moment.now()
        var machines: [String] = []
        var concernsAll = false
        for change in delta.changes {
            switch change {
            case .machine(let machine):
                machines.append(machine.name)
                authority.waiting.settle(machine.macs, now: now)
            case .machineRemoved(let name):
                authority.book.remove(name, now: now)
                machines.append(name)
            case .profile, .profileRemoved, .assignment, .assignmentRemoved, .release, .meant:
                concernsAll = true
            }
        }
        if concernsAll { planner.invalidate() }
        sweeps.add(concernsAll ? .everything : .machines(machines))
    }

    /// Makes the releases that profiles have come to, and tells machines what they are meant to have.
    func sweep(_ sweep: SweepQueue.Sweep) async {
        switch sweep {
        case .everything:
            for profile in snapshot.read({ Array($0.profiles.values) }) {
                buildIfStanding(profile)
                await release(profile)
            }
            await plan(snapshot.read { $0.machines.map(\.name) })
        case .machines(let names):
            await plan(names)
        }
    }

    /// Takes up what was imported or built a moment ago, so that who asks next finds it released.
    func takeUpImages(of name: String) async {
        watchImages()
        if let profile = snapshot.read({ $0.profiles[name] }) { await release(profile) }
    }

    /// A new release of a profile whose name means other images than its newest one.
    private func release(_ profile: Profile) async {
        guard case .reference = profile.image else { return }
        do {
            let images = try planner.resolve(profile)
            guard !images.isEmpty, snapshot.read({ $0.latestRelease(of: profile.name)?.images }) != images else {
                return
            }
            let now = Moment.now().wall
            let release = try await inventory.use { try await $0.release(profile.name, images: images, at: now) }
            let text = "\(profile.name) has release \(release.number)"
            authority.write([EventKind.releaseCreated.row(profile.name, text, at: now)])
        } catch {
            let facts: Logger.Metadata = ["profile": "\(profile.name)", "reason": "\(error)"]
            logger.warning("no release could be made", metadata: facts)
        }
    }

    private func plan(_ names: [String]) async {
        do {
            try await stage(names)
        } catch {
            logger.error("plans could not be written", metadata: ["reason": "\(error)"])
        }
        await rollouts.describe(names)
    }

    /// Machines that are told in one go: no boot waits long behind them.
    private static let together = 128

    /// Tells machines what they are meant to have, without granting it to those that have something to lose.
    ///
    /// - Throws: why some could not be written; all have been told then too.
    func stage(_ names: [String]) async throws {
        var isWritten = true
        for start in stride(from: 0, to: names.count, by: Self.together) {
            let plans = names[start..<min(start + Self.together, names.count)].compactMap { name in
                plan(of: name).map { (machine: name, plan: $0) }
            }
            for (_, plan) in plans { if let profile = plan.profile { buildIfStanding(profile, plan.architecture) } }
            let written = await withCheckedContinuation { done in
                authority.book.take(plans, now: .now()) { done.resume(returning: $0) }
            }
            isWritten = isWritten && written
        }
        if !isWritten { throw unwritten }
    }

    /// Why the ledger did not take what it was just handed.
    var unwritten: InventoryError {
        ledger.failure ?? InventoryError(.overloaded, "the ledger takes no more: too much waits to be written")
    }

    /// What a machine said when it last asked, and where it was.
    func known(_ machine: Machine) -> (identity: MachineIdentity, address: IPv4Address?) { authority.known(machine) }
}
