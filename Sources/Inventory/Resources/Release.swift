import Vocabulary

/// A numbered state of a profile: one image for each architecture.
public struct Release: Hashable, Sendable {
    public var profile: String
    /// From 1, by profile.
    public var number: Int
    /// By architecture.
    public var images: [Architecture: Digest]
    public var created: Timestamp

    public init(profile: String, number: Int, images: [Architecture: Digest], created: Timestamp) {
        self.profile = profile
        self.number = number
        self.images = images
        self.created = created
    }
}
