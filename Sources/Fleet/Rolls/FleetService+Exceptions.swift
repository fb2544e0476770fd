import Inventory
import Rollout
import Vocabulary

/// Machines that do not go with their profile: pinned ones, and those that get the rescue image.
extension FleetService {
    /// Holds machines on an image, whatever their profile becomes, and grants it at once.
    ///
    /// - Parameter image: nil for what each was last good on.
    /// - Throws: `FleetError.Code.notFound` for no such machine or image; `.refused` for a machine that never was healthy and
    ///   so has nothing to be held on.
    public func pin(_ names: [String], to image: Digest?) async throws {
        if let image {
            do {
                _ = try images.manifest(image)
            } catch {
                throw FleetError(.notFound, "nothing can be held on \(image.short): \(error); see `muster image ls`")
            }
        }
        var wanted: [String: Digest] = [:]
        for name in names {
            guard snapshot.read({ $0.machine(named: name) }) != nil else { throw Self.missing(name) }
            guard let target = image ?? authority.book.standing(of: name)?.state.lastGood else {
                throw FleetError(.refused, "\(name) never was healthy: name the image that it is to be held on")
            }
            wanted[name] = target
        }
        try await inventory.use { [wanted] store in
            try await store.updateMachines(names) { $0.pinnedImage = wanted[$0.name] }
        }
        try await stage(names)
        await rollouts.describe(names)
        let now = Moment.now()
        try await rollouts.command(now: now) { [wanted] draft in
            draft.touched = Set(names)
            draft.cause = "pin"
            for (name, image) in wanted.sorted(by: { $0.key < $1.key }) {
                if let boot = draft.rows[name]?.boot, boot.assigned != image {
                    draft.rows.change(name) { BootRules().grant(image, to: &$0.boot) }
                }
                let message = "\(name) is held on \(image.short)"
                draft.events.append(EventKind.machinePinned.row(name, message, at: now.wall))
            }
        }
    }

    /// Machines belong to their profiles again; each keeps what it has until a roll grants it something else.
    ///
    /// - Returns: those that were pinned.
    /// - Throws: `FleetError.Code.notFound` for no such machine.
    public func unpin(_ names: [String]) async throws -> Set<String> {
        var pinned: [String] = []
        for name in names {
            guard let machine = snapshot.read({ $0.machine(named: name) }) else { throw Self.missing(name) }
            if machine.pinnedImage != nil { pinned.append(name) }
        }
        try await inventory.use { [pinned] in try await $0.updateMachines(pinned) { $0.pinnedImage = nil } }
        try await stage(pinned)
        await rollouts.describe(pinned)
        let now = Moment.now().wall
        authority.write(pinned.map { EventKind.machineUnpinned.row($0, "\($0) is not held any more", at: now) })
        return Set(pinned)
    }

    /// The machines' next boots get the rescue image, until they are granted something or it `ends`: then they get what
    /// they are assigned again.
    ///
    /// - Throws: `FleetError.Code.notFound`; `.refused` when no rescue image is configured, or it is not here.
    public func rescue(_ names: [String], ends: Bool) async throws {
        for name in names {
            guard let plan = plan(of: name) else { throw Self.missing(name) }
            if !ends, plan.rescue == nil {
                let why = rescue.map { "the rescue image '\($0)' is not here" } ?? "no rescue image is configured"
                throw FleetError(
                    .refused,
                    "\(name) cannot be rescued: \(why) (`rescue:` of the server's configuration)"
                )
            }
        }
        let now = Moment.now()
        try await rollouts.command(now: now) { draft in
            draft.touched = Set(names)
            draft.cause = "rescue"
            for name in names {
                draft.rows.change(name) { machine in
                    if ends { BootRules().forgive(&machine.boot) } else { machine.boot.isRescued = true }
                }
                let message =
                    ends ? "\(name) gets what it is assigned again" : "\(name) gets the rescue image when it boots next"
                draft.events.append(EventKind.machineRescued.row(name, message, at: now.wall))
            }
        }
    }

    private static func missing(_ name: String) -> FleetError { FleetError(.notFound, "there is no machine '\(name)'") }
}
