import Fleet
import Vocabulary

/// How the image of a profile stands.
public struct BuildView: Hashable, Sendable, Codable {
    public var profile: String
    public var architecture: Architecture
    /// `made`, `building` or `failed`.
    public var state: BuildStatus.State
    /// What is being done, or why it failed.
    public var lines: [String]
    /// The newest release, once it is made.
    public var release: Int?
    public var image: Digest?

    public init(_ status: BuildStatus) {
        profile = status.profile
        architecture = status.architecture
        state = status.state
        lines = status.lines
        release = status.release
        image = status.image
    }
}
