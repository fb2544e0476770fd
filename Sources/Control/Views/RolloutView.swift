/// One roll of a profile to a release.
public struct RolloutView: Hashable, Sendable, Codable {
    public var profile: String
    public var release: Int
    public var state: String
    /// Machines on the release, and all that it is meant for.
    public var done: Int
    public var total: Int
    public var began: Time

    public init(profile: String, release: Int, state: String, done: Int, total: Int, began: Time) {
        self.profile = profile
        self.release = release
        self.state = state
        self.done = done
        self.total = total
        self.began = began
    }
}
