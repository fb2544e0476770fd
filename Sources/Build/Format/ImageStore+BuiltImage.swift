import Vocabulary

extension ImageStore {
    /// An image of the store as formats want it, imported or built: its kernel and its initrd are there, and no root. What
    /// formats need of a root they refuse.
    ///
    /// - Throws: `BuildError` when there is no such image, it is not whole, or somebody collects.
    public func builtImage(_ digest: Digest) throws -> BuiltImage {
        let use = try use()
        let manifest = try manifest(digest)
        for blob in manifest.blobs where blobs.size(of: blob.digest) != blob.size {
            throw BuildError(.notFound, "the image \(digest) is not whole: its blob \(blob.digest) is missing")
        }
        let root = MachineRoot(
            parts: [],
            entries: [],
            kernel: nil,
            commandLine: manifest.commandLine,
            microcode: nil
        )
        var image = BuiltImage(manifest: manifest, root: root, contents: NoContents())
        image.use = use
        return image
    }
}

private struct NoContents: ContentReader {
    func read(_ content: FileContent, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        throw BuildError(.notFound, "of this image only the kernel and the initrd are known")
    }
}
