import Inventory
import Rollout
import Vocabulary

/// What a profile comes to on the boot plane: made once for all its machines whenever it, its releases or the images
/// change.
final class ProfilePlan: Sendable {
    let name: String
    let rules: BootRules
    let adopt: BootRules.Adoption
    let health: HealthCheck
    /// What follows the image's own command line; empty for nothing.
    let kernelArguments: String
    /// What its machines are meant to run.
    let images: [Architecture: Digest]
    /// The number of the release that `images` are; nil while it has none.
    let release: Int?
    /// Why there are no images, for a screen; nil when there are.
    let problem: String?

    init(_ profile: Profile, images: [Architecture: Digest], release: Int?, problem: String?, settle: Duration) {
        name = profile.name
        // A profile that says nothing says `defaultSettle`, which the server's configuration may replace.
        let settle = profile.settle == Profile.defaultSettle ? settle : profile.settle.duration
        rules = BootRules(tries: profile.rollout.tries, settle: settle)
        adopt = profile.adopt == .nextBoot ? .nextBoot : .roll
        health =
            switch profile.health {
            case .agent: .reported
            case .http(let probe): .http(probe)
            case .tcp(let port): .tcp(port: port)
            case .fetched, nil: .settled(settle)
            }
        kernelArguments = profile.kernelArgs.joined(separator: " ")
        self.images = images
        self.release = release
        self.problem = problem
    }
}

/// What one machine is meant to have.
struct MachinePlan: Sendable {
    /// nil when no rule gives it one.
    var profile: ProfilePlan?
    var desired: Digest?
    var architecture: Architecture?
    /// Why nothing is desired, for a screen; nil when something is.
    var problem: String?

    var rules: BootRules { profile?.rules ?? BootRules() }
    var adopt: BootRules.Adoption { profile?.adopt ?? .roll }
}
