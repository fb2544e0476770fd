import Build
import Inventory
import PXE
import Rollout
import Vocabulary

/// What a profile comes to on the boot plane: made once for all its machines whenever it, its releases or the images
/// change.
final class ProfilePlan: Sendable {
    let name: String
    let rules: BootRules
    let adopt: BootRules.Adoption
    /// How health is found out, where the profile says so.
    private let statedHealth: HealthCheck?
    /// Whether its machines get files of their own.
    let hasFiles: Bool
    /// What follows the image's own command line; empty for nothing.
    let kernelArguments: String
    /// What its machines are meant to run.
    let images: [Architecture: Digest]
    /// The number of the release that `images` are; nil while it has none.
    let release: Int?
    /// What the images are built of; nil for a profile that names one.
    let definition: ProfileDefinition?
    /// Whether its image is built whenever its definition changes, and not only when a machine asks.
    let isStanding: Bool
    /// When the newest release was made.
    let released: Timestamp?
    /// Architectures whose image is made of `definition`, and here.
    private let made: Set<Architecture>
    /// Why there are no images, for a screen; nil when there are.
    let problem: String?
    /// Which of the images cannot be started with this profile's arguments, and why.
    let unbootable: [Digest: String]

    /// - Parameters:
    ///   - newest: the newest release, where `release` is an older one that its machines are meant to have.
    ///   - manifest: what an image is; nil for one that is not in the store.
    init(
        _ profile: Profile,
        images: [Architecture: Digest],
        release: Release?,
        newest: Release?,
        problem: String?,
        settle: Duration,
        manifest: (Digest) -> ImageManifest?
    ) {
        name = profile.name
        // A profile that says nothing says `defaultSettle`, which the server's configuration may replace.
        let settle = profile.settle == Profile.defaultSettle ? settle : profile.settle.duration
        rules = BootRules(tries: profile.rollout.tries, settle: settle)
        adopt = profile.adopt == .nextBoot ? .nextBoot : .roll
        statedHealth =
            switch profile.health {
            case .agent: .reported
            case .http(let probe): .http(probe)
            case .tcp(let port): .tcp(port: port)
            case .fetched: .settled(settle)
            case nil: nil
            }
        hasFiles = !profile.files.isEmpty
        let arguments = profile.kernelArgs.joined(separator: " ")
        kernelArguments = arguments
        self.images = images
        self.release = release?.number
        released = newest?.created
        isStanding = profile.prebuild || newest != nil
        let definition = ProfileDefinition(profile)
        self.definition = definition
        made =
            newest?.source == definition?.key
            ? Set((newest?.images ?? images).filter { manifest($0.value) != nil }.map(\.key)) : []
        self.problem = problem
        var unbootable: [Digest: String] = [:]
        for digest in images.values {
            unbootable[digest] = manifest(digest).flatMap { Self.problem($0, with: arguments, of: profile.name) }
        }
        self.unbootable = unbootable
    }

    /// Whether the newest release has the image that would be built for an architecture now.
    func isMade(for architecture: Architecture) -> Bool { made.contains(architecture) }

    /// What is built for machines of an architecture: 32-bit firmware starts 64-bit kernels, and BIOS says i386.
    static func buildable(_ architecture: Architecture) -> Architecture {
        architecture == .i386 ? .amd64 : architecture
    }

    /// How the health of a boot is found out.
    ///
    /// - Parameter hasAgent: whether its image contains our agent.
    func health(hasAgent: Bool) -> HealthCheck {
        statedHealth ?? (hasAgent ? .reported : .settled(rules.settle))
    }

    /// The image's arguments, then the profile's.
    func commandLine(with image: ImageManifest) -> String {
        if kernelArguments.isEmpty { return image.commandLine }
        return image.commandLine.isEmpty ? kernelArguments : image.commandLine + " " + kernelArguments
    }

    /// Why an image cannot be started with a profile's arguments, in words; nil when it can. A kernel cuts off a command
    /// line that is too long without a word, and with it what every boot is known by.
    private static func problem(_ image: ImageManifest, with arguments: String, of profile: String) -> String? {
        let length = image.commandLine.utf8.count + 1 + arguments.utf8.count
        let limit = KernelCommandLine.limit(for: image.architecture)
        guard length + ImageStore.commandLineReserve > limit else { return nil }
        return "the image's command line and the kernelArgs of its profile '\(profile)' have \(length) bytes together; "
            + "its kernel takes \(limit), of which \(ImageStore.commandLineReserve) are kept for what every boot adds"
    }
}

extension ProfilePlan? {
    /// Whether a boot of the image is given a machine segment: where something in it would read the token, and where the
    /// profile has files for it. Other images are left as they were made.
    func hasSegment(for image: ImageManifest?) -> Bool {
        let hasAgent = image?.hasAgent ?? false
        guard let plan = self else { return hasAgent }
        return hasAgent || plan.hasFiles || plan.health(hasAgent: hasAgent) == .reported
    }
}

/// What one machine is meant to have.
struct MachinePlan: Sendable {
    /// nil when no rule gives it one.
    var profile: ProfilePlan?
    var desired: Digest?
    var architecture: Architecture?
    /// Whether it is held on an image, whatever its profile becomes.
    var isPinned = false
    /// What it gets when its last good image fails again and again; nil for none.
    var rescue: Digest?
    /// Why nothing is desired, for a screen; nil when something is.
    var problem: String?

    var rules: BootRules { profile?.rules ?? BootRules() }
    var adopt: BootRules.Adoption { profile?.adopt ?? .roll }
}
