import Vocabulary

/// What shall be built.
public struct BuildRequest: Hashable, Sendable {
    public var definition: Definition
    public var architecture: Architecture
    /// Smaller and slower: zstd -19.
    public var isCompact = false
    /// What an initrd cannot carry is an error instead of a warning.
    public var isStrict = false
    /// What machines fetch the root as, from an initrd that does nothing else; nil for a root that is the initrd.
    public var root: RootType?
    /// SOURCE_DATE_EPOCH: the time of everything that the build makes, and the latest that any file has. nil leaves the
    /// files' own times, and gives the rest `TreeEntry.standardTime`.
    public var sourceDateEpoch: Int64?
    /// Whether somebody wants more than the manifest and its blobs: `BuiltImage.root`, for other formats. Without it an
    /// image that was built before is found without its layers being looked at.
    public var needsRoot = true
    /// Of the image's manifest.
    public var labels: [String: String] = [:]
    /// What the image shall be called in the store from then on; nil for an image without a name, which the next
    /// collection removes.
    public var name: ImageName?

    public init(_ definition: Definition, architecture: Architecture) {
        self.definition = definition
        self.architecture = architecture
    }
}
