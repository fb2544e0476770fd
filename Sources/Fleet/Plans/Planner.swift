import Build
import Inventory
import Synchronization
import Vocabulary

/// From what people wrote to what machines are meant to have.
///
/// A profile's plan is made when first asked for and forgotten when something changes (`invalidate`); a machine's is made
/// of it each time, which is a few look-ups. Guarded by one mutex that is held for a dictionary access.
final class Planner: Sendable {
    private struct Contents {
        var generation: UInt64 = 1
        var profiles: [String: ProfilePlan] = [:]
        /// What the rescue image's name means, by architecture; nil before anybody asked.
        var rescues: [Architecture: Digest]?
    }

    private let snapshot: LiveSnapshot
    private let images: ImageStore
    private let settle: Duration
    private let rescue: String?
    private let contents = Mutex(Contents())

    /// - Parameters:
    ///   - settle: for profiles that say nothing else.
    ///   - rescue: the name or digest of the image for machines whose last good one fails; nil for none.
    init(snapshot: LiveSnapshot, images: ImageStore, settle: Duration, rescue: String? = nil) {
        self.snapshot = snapshot
        self.images = images
        self.settle = settle
        self.rescue = rescue
    }

    /// Forgets every plan: what is asked next is made of what is written now.
    func invalidate() {
        contents.withLock { contents in
            contents.generation += 1
            contents.profiles.removeAll()
            contents.rescues = nil
        }
    }

    /// What a machine is meant to have.
    ///
    /// - Parameters:
    ///   - identity: what it says now; may decide which rule matches, and its architecture.
    ///   - address: where it asks from; may decide which rule matches.
    func plan(for machine: Machine, identity: MachineIdentity, address: IPv4Address?) -> MachinePlan {
        let architecture = machine.architecture ?? identity.architecture ?? machine.facts?.architecture
        let name =
            machine.profile
            ?? snapshot.read { $0.profileName(of: machine, identity: identity, address: address) }
        guard let name else {
            return MachinePlan(
                architecture: architecture,
                problem: "no profile: none is named, and no assignment matches"
            )
        }
        guard let profile = profile(named: name) else {
            return MachinePlan(architecture: architecture, problem: "the profile '\(name)' does not exist")
        }
        var plan = MachinePlan(profile: profile, architecture: architecture, isPinned: machine.pinnedImage != nil)
        plan.rescue = rescueImage(for: architecture)
        plan.desired = machine.pinnedImage ?? Self.image(of: profile, for: architecture)
        if let desired = plan.desired, let problem = profile.unbootable[desired] {
            plan.desired = nil
            plan.problem = problem
        } else if plan.desired == nil {
            let others = profile.images.keys.map(\.rawValue).sorted().joined(separator: ", ")
            plan.problem =
                profile.problem
                ?? "the profile '\(name)' has no image for \(architecture?.rawValue ?? "it"), only for \(others)"
        }
        return plan
    }

    /// The plan of a profile; nil when there is no such profile.
    func profile(named name: String) -> ProfilePlan? {
        let known = contents.withLock { ($0.profiles[name], $0.generation) }
        if let plan = known.0 { return plan }
        guard let profile = snapshot.read({ $0.profiles[name] }) else { return nil }
        let plan = make(profile)
        contents.withLock { contents in
            // Made of what has changed meanwhile, it serves this once.
            if contents.generation == known.1 { contents.profiles[name] = plan }
        }
        return plan
    }

    private func make(_ profile: Profile) -> ProfilePlan {
        let (newest, meant) = snapshot.read { snapshot in
            (
                snapshot.latestRelease(of: profile.name),
                snapshot.meantReleases[profile.name].flatMap { snapshot.release($0, of: profile.name) }
            )
        }
        var (current, known) = (newest?.images ?? [:], newest)
        var problem: String?
        if let meant {
            // A roll took its machines there, or back there: until something new is released.
            (current, known) = (meant.images, meant)
        } else {
            do {
                current = try resolve(profile)
                if newest?.images != current { known = nil }
            } catch {
                // What was released goes on being served, whatever became of the name since.
                if newest == nil { problem = "the profile '\(profile.name)' has no image: \(error)" }
            }
        }
        return ProfilePlan(
            profile,
            images: current,
            release: known,
            newest: meant == nil ? known : newest,
            problem: problem,
            settle: settle,
            manifest: { try? images.manifest($0) }
        )
    }

    /// What a profile's `image:` means now, by architecture.
    /// - Throws: when it means nothing, in words.
    func resolve(_ profile: Profile) throws -> [Architecture: Digest] {
        switch profile.image {
        case .definitions(let files):
            throw FleetError(
                .unavailable,
                "\(files.joined(separator: ", ")) is built when the first machine asks, or by "
                    + "`muster build --profile \(profile.name)`"
            )
        case .reference(let reference): return try resolve(reference: reference)
        }
    }

    private func resolve(reference: String) throws -> [Architecture: Digest] {
        if let name = try? ImageName(reference), let named = try images.named(name) {
            return Dictionary(
                named.current.images.map { (Architecture(rawValue: $0.key), $0.value) },
                uniquingKeysWith: { first, _ in first }
            )
        }
        let digest = try images.resolve(reference)
        return [try images.manifest(digest).architecture: digest]
    }

    /// What `rescue:` means now. An image that says what it is for is for nothing else.
    private func rescueImage(for architecture: Architecture?) -> Digest? {
        guard let rescue else { return nil }
        let known = contents.withLock { ($0.rescues, $0.generation) }
        let images = known.0 ?? ((try? resolve(reference: rescue)) ?? [:])
        if known.0 == nil {
            contents.withLock { if $0.generation == known.1 { $0.rescues = images } }
        }
        guard let architecture else { return images.count == 1 ? images.first?.value : images[.amd64] }
        return images[architecture] ?? (architecture == .i386 ? images[.amd64] : nil)
    }

    /// The image for an architecture. iPXE's BIOS builds say i386 on 64-bit processors too; a machine that says nothing
    /// gets the only image there is, else amd64's.
    static func image(of profile: ProfilePlan, for architecture: Architecture?) -> Digest? {
        guard let architecture else {
            return profile.images.count == 1 ? profile.images.first?.value : profile.images[.amd64]
        }
        return profile.images[architecture] ?? (architecture == .i386 ? profile.images[.amd64] : nil)
    }
}
