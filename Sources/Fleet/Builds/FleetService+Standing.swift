import Inventory
import Vocabulary

/// Images that are built though no machine asks for them.
///
/// Changing a definition makes a release: of every profile that has one already, and of those that say `prebuild`. Who
/// gets it is the affair of assignments, rolls and `adopt`, never of who happens to ask first. Looked at whenever plans
/// are, so that nothing is forgotten by a server that was killed; what fails is tried again with growing pauses.
extension FleetService {
    /// Begins the build of a profile's image for an architecture, if the profile stands to have one and has not.
    func buildIfStanding(
        _ plan: ProfilePlan,
        _ architecture: Architecture?,
        cause: BuildCause = .definition,
        now: Moment = .now()
    ) {
        guard plan.isStanding, let definition = plan.definition, let architecture else { return }
        let buildable = ProfilePlan.buildable(architecture)
        guard !plan.isMade(for: buildable) else { return }
        _ = authority.builds.ask(
            definition,
            buildable,
            isMade: false,
            made: plan.released,
            cause: cause,
            now: now
        )
    }

    /// The same for all that a profile's newest release has images for; its machines' others begin as they are planned.
    func buildIfStanding(_ profile: Profile) {
        guard let plan = planner.profile(named: profile.name), plan.definition != nil, plan.isStanding else { return }
        var wanted = Array(plan.images.keys)
        if wanted.isEmpty { wanted = architectures(of: profile.name) }
        for architecture in wanted.isEmpty ? [.amd64] : wanted { buildIfStanding(plan, architecture) }
    }

    /// Tries again what failed and whose pause is over.
    func retryBuilds(now: Moment) {
        for target in authority.builds.overdue(now: now) {
            guard let plan = planner.profile(named: target.profile) else { continue }
            buildIfStanding(plan, target.architecture, cause: .retry, now: now)
        }
    }

    /// What becomes of profiles that were applied, a sentence for each whose image is not there.
    func builds(of profiles: [Profile]) -> [String] {
        profiles.flatMap { profile -> [String] in
            buildIfStanding(profile)
            guard let plan = planner.profile(named: profile.name), let definition = plan.definition else { return [] }
            let known = Set(plan.images.keys).union(architectures(of: profile.name).map(ProfilePlan.buildable))
            let all = known.isEmpty ? [.amd64] : known.sorted { $0.rawValue < $1.rawValue }
            let missing = all.filter { !plan.isMade(for: $0) }
            guard !missing.isEmpty else { return [] }
            guard plan.isStanding else { return ["\(profile.name) is built when the first machine asks for it"] }
            return missing.compactMap { architecture in
                let status = authority.builds.look(
                    definition,
                    architecture,
                    isMade: false,
                    made: plan.released,
                    now: .now()
                )
                guard case .underWay = status else { return nil }
                return "\(profile.name) is being built for \(architecture)"
            }
        }
    }

    /// What has to be built before a machine can be granted the newest image of its profile; nil when it is there, or
    /// when it is pinned to another.
    func unbuilt(for plan: MachinePlan) -> BuildDesk.Target? {
        guard let profile = plan.profile, profile.definition != nil, !plan.isPinned else { return nil }
        let architecture = plan.architecture.map(ProfilePlan.buildable) ?? .amd64
        guard !profile.isMade(for: architecture) else { return nil }
        return BuildDesk.Target(profile: profile.name, architecture: architecture)
    }
}
