/// What a build tells whoever watches it, as it happens.
///
/// `source` names an image as its definition does, `part` a part of the initrd as the manifest does.
public enum BuildEvent: Hashable, Sendable {
    /// The image is looked for, in the cache or where its reference points.
    case resolving(source: String)
    /// Bytes of the image's blobs so far; `total` once the manifest is known.
    case pulling(source: String, received: UInt64, total: UInt64?)
    /// A layer is unpacked: compressed bytes so far.
    case unpacking(source: String, read: UInt64, total: UInt64)
    /// The image is whole on this host. `isCached` says that nothing was fetched.
    case ready(source: String, isCached: Bool)
    /// The part's files are compressed: bytes of their contents so far.
    case compressing(part: String, read: UInt64, total: UInt64)
    /// The part's segment is in the store. `isCached` says that it was there before.
    case stored(part: String, size: UInt64, isCached: Bool)
    /// A file of that format is being written.
    case writing(format: String)
    /// Something that is not wrong and should be known: what an initrd cannot carry, what a kernel did not say.
    case warning(String)
}

/// Takes the events of a build. Called from any thread, one event at a time or many at once: it must return soon.
public typealias BuildObserver = @Sendable (BuildEvent) -> Void
