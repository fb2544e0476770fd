import Vocabulary

/// An image as it comes out of a build: what machines boot, and the root that it was made of, which is what the other
/// formats are made of.
public struct BuiltImage: Sendable {
    /// Its blobs are in the store.
    public var manifest: ImageManifest
    /// What it was made of. Of a build whose request said that nobody needs it, nobody may ask for it.
    public var root: MachineRoot {
        get {
            guard let known else { preconditionFailure("this image was asked for without its root") }
            return known
        }
        set { known = newValue }
    }
    private var known: MachineRoot?
    /// Hands out the contents of the root's files for as long as the image is being written out.
    public var contents: any ContentReader
    /// Of everything that the build made itself, in seconds since 1970, and so of what formats make.
    public var modified: Int64
    /// Keeps the image's blobs, which need not have a name, for as long as anybody holds this.
    var use: StoreUse?

    public init(
        manifest: ImageManifest,
        root: MachineRoot?,
        contents: any ContentReader,
        modified: Int64 = TreeEntry.standardTime
    ) {
        self.manifest = manifest
        known = root
        self.contents = contents
        self.modified = modified
    }
}

/// A root as it comes out of a build, of a definition that may have no kernel.
public struct BuiltRoot: Sendable {
    public var root: MachineRoot
    /// As `BuiltImage.contents`.
    public var contents: any ContentReader
    /// As `BuiltImage.modified`.
    public var modified: Int64
}

extension BuiltImage {
    /// Without what makes it bootable.
    public var builtRoot: BuiltRoot { BuiltRoot(root: root, contents: contents, modified: modified) }
}

/// Reads what files of a root hold. Synchronous, and safe from any thread.
public protocol ContentReader: Sendable {
    /// Hands over the content's bytes in order, a piece at a time.
    /// - Throws: `BuildError` when they cannot be read or are not the bytes of the content's digest any more; what
    ///   `body` throws.
    func read(_ content: FileContent, _ body: (UnsafeRawBufferPointer) throws -> Void) throws
}
