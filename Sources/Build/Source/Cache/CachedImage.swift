import Vocabulary

/// An image of the cache for one platform, under one of its names.
public struct CachedImage: Hashable, Sendable {
    /// nil for what nobody named.
    public var name: String?
    /// Of what the name stands for: the manifest, or the index around it.
    public var digest: Digest
    /// Of the image's own manifest.
    public var manifest: Digest
    /// `linux/amd64`; empty when the image does not say.
    public var platform: String
    /// Of its configuration and its layers as they lie there, in bytes.
    public var size: UInt64

    public init(name: String?, digest: Digest, manifest: Digest, platform: String, size: UInt64) {
        self.name = name
        self.digest = digest
        self.manifest = manifest
        self.platform = platform
        self.size = size
    }
}
