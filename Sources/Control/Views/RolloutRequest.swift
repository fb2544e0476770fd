import Vocabulary

/// `POST /v1/plan` and `POST /v1/rollouts`
public struct RolloutRequest: Hashable, Sendable, Codable {
    public var profile: String
    /// nil for the one that the profile is meant to have.
    public var release: Int?
    /// Only these of the profile's machines; nil for all.
    public var machines: MachineSelection?
    /// What is to be otherwise than the profile's `rollout:` says; nil for nothing.
    public var options: RolloutOverrides?
    /// Of a plan: whether to look into the images for what differs, which may take seconds; nil for yes.
    public var comparesImages: Bool?

    public init(
        profile: String,
        release: Int? = nil,
        machines: MachineSelection? = nil,
        options: RolloutOverrides? = nil,
        comparesImages: Bool? = nil
    ) {
        self.profile = profile
        self.release = release
        self.machines = machines
        self.options = options
        self.comparesImages = comparesImages
    }
}

/// What of a profile's `rollout:` is to be otherwise in one roll; nil leaves it.
public struct RolloutOverrides: Hashable, Sendable, Codable {
    public var canary: Share?
    public var waves: [Share]?
    public var maxUnavailable: Share?
    /// By label; labels that are not named keep what the profile says.
    public var per: [String: Share]?
    public var bake: TimeSpan?
    public var maxFailures: Share?
    public var onFailure: RollSpec.FailureAction?
    public var minHealthy: TimeSpan?
    public var tries: Int?
    public var reboot: RollSpec.Reboot?

    public init() {}

    /// - Throws: `ControlError` `.invalid` for what no roll can have.
    func applied(to spec: RollSpec) throws -> RollSpec {
        if let tries, !(1...100).contains(tries) {
            throw ControlError(.invalid, "tries: found \(tries), expected a number from 1 to 100")
        }
        if let waves, waves.isEmpty { throw ControlError(.invalid, "waves: expected at least one, such as 100%") }
        var spec = spec
        spec.canary.count = canary ?? spec.canary.count
        spec.waves = waves ?? spec.waves
        spec.maxUnavailable = maxUnavailable ?? spec.maxUnavailable
        spec.per.merge(per ?? [:]) { $1 }
        spec.bake = bake ?? spec.bake
        spec.maxFailures = maxFailures ?? spec.maxFailures
        spec.onFailure = onFailure ?? spec.onFailure
        spec.minHealthy = minHealthy ?? spec.minHealthy
        spec.tries = tries ?? spec.tries
        spec.reboot = reboot ?? spec.reboot
        return spec
    }
}

extension RolloutRequest: Audited {
    var auditSubject: String {
        profile + (release.map { " to \($0)" } ?? "") + (machines.map { ": \($0.auditSubject)" } ?? "")
    }
}
