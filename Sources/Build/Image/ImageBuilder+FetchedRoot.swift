import Vocabulary

/// Images whose root machines fetch.
extension ImageBuilder {
    /// - Returns: the tree of the small initrd, what it fetches, and what is to be known.
    /// - Throws: `BuildError` for an image that could not fetch or mount its root.
    func fetchedRoot(
        _ type: RootType,
        _ request: BuildRequest,
        _ built: BuiltRoot,
        _ kernel: Blob,
        _ contents: BuildContents,
        _ observe: @escaping BuildObserver
    ) async throws -> (initrd: MachineRoot, root: ImageManifest.Root, warnings: [String]) {
        guard try await labels(request, contents)[ImageManifest.agentLabel] == "1" else {
            throw BuildError(
                .invalidInput,
                "a root that machines fetch (\(type)) needs Muster's own init, which fetches it: expected localhost/init "
                    + "below `init:`"
            )
        }
        let modules = try await FetchingInitrd.modules(of: built.root, contents)
        for name in ["loop", "overlay", type.rawValue] where modules?.has(name) == false {
            throw BuildError(
                .invalidInput,
                "the kernel of this image has no '\(name)', neither as a module nor in itself, and cannot mount a root "
                    + "that is fetched as \(type)"
            )
        }
        let hasVerity = modules?.has("dm_verity") ?? true
        let builder = FetchedRoot(blobs: images.blobs, index: roots, locks: locks, dataDirectory: dataDirectory)
        let nothing = ImageManifest(architecture: request.architecture, kernel: kernel, initrd: [])
        let image = BuiltImage(manifest: nothing, root: built.root, contents: contents, modified: built.modified)
        let root = try await builder.build(type, image, hasVerity: hasVerity, contents: contents, observe: observe)
        let initrd = FetchingInitrd(whole: built.root, root: root, contents: contents, modified: built.modified)
        let warnings =
            hasVerity ? [] : ["the kernel of this image has no dm-verity: its root is checked only as it is fetched"]
        return (try await initrd.tree(), root, warnings)
    }
}
