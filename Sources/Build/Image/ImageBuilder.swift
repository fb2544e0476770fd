import Vocabulary

/// Builds images: a definition in, an image in the store out, and only what changed is made anew.
///
/// Safe from any task and beside other processes on the same data directory. What is made is published whole or not at
/// all: a build that is cancelled, killed or out of space leaves the store as it was, with finished segments for the
/// next one.
public struct ImageBuilder: Sendable {
    /// The images and container images' layers that builds read.
    typealias Contents = any LayerContents & ContentReader

    let images: ImageStore
    private let segments: SegmentIndex
    private let locks: KeyLocks
    private let contents: @Sendable (BuildRequest, @escaping BuildObserver) throws -> Contents

    /// - Parameter contents: what a build reads images and their layers through.
    init(
        images: ImageStore,
        dataDirectory: String,
        contents: @escaping @Sendable (BuildRequest, @escaping BuildObserver) throws -> Contents
    ) throws {
        self.images = images
        self.contents = contents
        segments = try SegmentIndex(dataDirectory: dataDirectory, blobs: images.blobs)
        locks = KeyLocks(directory: try DataDirectory("\(dataDirectory)/segments"))
    }

    /// Builds an image, or finds that everything of it is there.
    ///
    /// - Parameter observe: is told what happens, from any thread.
    /// - Throws: `DefinitionError` and `BuildError` in words for the person who asked; `CancellationError`.
    public func build(
        _ request: BuildRequest,
        observe: @escaping BuildObserver = { _ in }
    ) async throws -> BuiltImage {
        let contents = try contents(request, observe)
        let modified = request.sourceDateEpoch ?? TreeEntry.standardTime
        var root = try await MachineRootBuilder.build(request.definition, contents: contents, modified: modified)
        if let latest = request.sourceDateEpoch { root.clampTimes(to: latest) }
        guard let kernelContent = root.kernel else {
            throw BuildError(
                .invalidInput,
                "the definition has no `kernel:` with an image, so there is nothing to boot"
            )
        }
        let kernel = try await store(kernelContent, contents)
        let compression = SegmentCompression(
            request.definition.initrdCompression ?? .gzip,
            isCompact: request.isCompact
        )
        let plans = SegmentPlan.plans(of: root)
        let builder = SegmentBuilder(blobs: images.blobs, index: segments, locks: locks, compression: compression)
        var parts = try await builder.build(plans, contents: contents, observe: observe)
        if let microcode = root.microcode {
            let blob = try await store(microcode, contents)
            parts.insert(ImageManifest.Part(digest: blob.digest, size: blob.size, part: "microcode"), at: 0)
        }
        let manifest = ImageManifest(
            architecture: request.architecture,
            kernel: kernel,
            initrd: parts,
            commandLine: root.commandLine,
            labels: request.labels
        )
        let digest = try images.blobs.store(manifest.canonicalBytes).digest
        if let name = request.name {
            _ = try images.publish(digest, architecture: request.architecture, as: name, now: Moment.now().wall)
        }
        return BuiltImage(manifest: manifest, root: root, contents: contents)
    }

    /// A file of the root as a blob of its own.
    private func store(_ content: FileContent, _ contents: Contents) async throws -> Blob {
        if images.blobs.size(of: content.digest) == content.size {
            return Blob(digest: content.digest, size: content.size)
        }
        let blobs = images.blobs
        return try await BlockingWork.run { cancellation in
            let writer = try blobs.writer()
            try contents.read(content) { bytes in
                try cancellation.check()
                try writer.write(bytes)
            }
            let blob = try writer.commit()
            guard blob.digest == content.digest else {
                throw BuildError(.corrupt, "a file has the digest \(blob.digest) instead of \(content.digest)")
            }
            return blob
        }
    }
}

extension MachineRoot {
    /// Gives no entry a later time than `latest`.
    mutating func clampTimes(to latest: Int64) {
        for index in entries.indices where entries[index].entry.modified > latest {
            entries[index].entry.modified = latest
        }
    }
}
