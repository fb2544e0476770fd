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
        var rows: [LedgerRow] = []
        for change in delta.changes {
            switch change {
            case .machine(let machine):
                machines.append(machine.name)
                rows += authority.waiting.settle(machine.macs, now: now)
            case .machineRemoved(let name):
                rows += authority.book.remove(name, now: now)
                machines.append(name)
            case .profile, .profileRemoved, .assignment, .assignmentRemoved, .release, .meant:
                concernsAll = true
            }
        }
        authority.write(rows)
        if concernsAll { planner.invalidate() }
        sweeps.add(concernsAll ? .everything : .machines(machines))
    }

    /// Makes the releases that profiles have come to, and tells machines what they are meant to have.
    func sweep(_ sweep: SweepQueue.Sweep) async {
        switch sweep {
        case .everything:
            await release()
            await plan(snapshot.read { $0.machines.map(\.name) })
        case .machines(let names):
            await plan(names)
        }
    }

    /// A new release for each profile whose name means other images than its newest release.
    private func release() async {
        for profile in snapshot.read({ Array($0.profiles.values) }) {
            buildIfStanding(profile)
            guard let images = try? planner.resolve(profile), !images.isEmpty,
                snapshot.read({ $0.latestRelease(of: profile.name)?.images }) != images
            else { continue }
            do {
                let now = Moment.now().wall
                let release = try await inventory.use { try await $0.release(profile.name, images: images, at: now) }
                let text = "\(profile.name) has release \(release.number)"
                authority.write([EventKind.releaseCreated.row(profile.name, text, at: now)])
            } catch {
                let facts: Logger.Metadata = ["profile": "\(profile.name)", "reason": "\(error)"]
                logger.warning("no release could be made", metadata: facts)
            }
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

    /// Tells machines what they are meant to have, without granting it to those that have something to lose. Written a
    /// few hundred at a time, so that no boot waits long behind them.
    ///
    /// - Throws: why some could not be written; all have been told then too.
    func stage(_ names: [String]) async throws {
        var failure: (any Error)?
        var rows: [LedgerRow] = []
        for (index, name) in names.enumerated() {
            rows += planned(name)
            guard rows.count >= 512 || index == names.count - 1, !rows.isEmpty else { continue }
            do { try await ledger.commit(rows) } catch { failure = error }
            rows.removeAll(keepingCapacity: true)
        }
        if let failure { throw failure }
    }

    /// Tells one machine what it is meant to have.
    /// - Returns: what is to be written because of it.
    func planned(_ name: String) -> [LedgerRow] {
        guard let machine = snapshot.read({ $0.machine(named: name) }) else { return [] }
        let (identity, address) = known(machine)
        let plan = planner.plan(for: machine, identity: identity, address: address)
        if let profile = plan.profile { buildIfStanding(profile, plan.architecture) }
        return authority.book.take(plan, for: name, now: .now())
    }

    /// What a machine said when it last asked, and where it was.
    func known(_ machine: Machine) -> (identity: MachineIdentity, address: IPv4Address?) { authority.known(machine) }
}
