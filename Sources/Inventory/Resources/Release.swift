import Vocabulary

/// A numbered state of a profile: one image for each architecture.
public struct Release: Hashable, Sendable {
    public var profile: String
    /// From 1, by profile.
    public var number: Int
    /// By architecture.
    public var images: [Architecture: Digest]
    public var created: Timestamp
    /// The digest of what the images were built of; nil for a profile that names images.
    public var source: Digest?

    public init(profile: String, number: Int, images: [Architecture: Digest], created: Timestamp, source: Digest? = nil)
    {
        self.profile = profile
        self.number = number
        self.images = images
        self.created = created
        self.source = source
    }
}
