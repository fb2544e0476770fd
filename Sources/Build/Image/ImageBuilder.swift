import Vocabulary

/// Builds images: a definition in, an image in the store out, and only what changed is made anew.
///
/// Safe from any task and beside other processes on the same data directory. What is made is published whole or not at
/// all: a build that is cancelled, killed or out of space leaves the store as it was, with finished segments for the
/// next one.
public struct ImageBuilder: Sendable {
    let images: ImageStore
    private let builds: BuildIndex
    private let segments: SegmentIndex
    let roots: RootIndex
    let locks: KeyLocks
    private let kernels: KernelFacts
    private let underWay = SharedBuilds()
    /// Where builds write.
    private let directories: [DataDirectory]
    let dataDirectory: String
    private let source: any ImageSource

    /// - Parameter source: where container images come from.
    /// - Throws: `BuildError` when there are no directories and none can be made.
    public init(dataDirectory: String, source: any ImageSource) throws {
        self.dataDirectory = dataDirectory
        self.source = source
        images = try ImageStore(dataDirectory: dataDirectory)
        builds = try BuildIndex(dataDirectory: dataDirectory)
        segments = try SegmentIndex(dataDirectory: dataDirectory, blobs: images.blobs)
        roots = try RootIndex(dataDirectory: dataDirectory, blobs: images.blobs)
        locks = KeyLocks(directory: try DataDirectory("\(dataDirectory)/segments"))
        kernels = try KernelFacts(dataDirectory: dataDirectory, blobs: images.blobs)
        directories = try ["blobs/sha256", "builds", "images", "kernels", "layers", "outputs", "roots", "segments"].map
        {
            try DataDirectory("\(dataDirectory)/\($0)")
        }
    }

    /// Builds an image, or finds that everything of it is there. Whoever asks for what is being built already gets that
    /// build's result; it goes on for as long as anybody waits for it. Nothing is collected while somebody builds or holds
    /// the result.
    ///
    /// - Parameter observe: is told what happens, from any thread.
    /// - Throws: `DefinitionError` and `BuildError` in words for the person who asked; `CancellationError`.
    public func build(
        _ request: BuildRequest,
        observe: @escaping BuildObserver = { _ in }
    ) async throws -> BuiltImage {
        try await underWay.join(request, observe: observe) { observe in try await make(request, observe) }
    }

    /// Puts a root together, of a definition with a kernel or without one. Nothing of it is kept in the store.
    ///
    /// - Throws: as `build`.
    public func buildRoot(
        _ request: BuildRequest,
        observe: @escaping BuildObserver = { _ in }
    ) async throws -> BuiltRoot {
        let use = try images.use()
        defer { use.end() }
        let contents = try contents(request, observe)
        let nothing: @Sendable (KernelFiles) async throws -> Void = { _ in }
        return try await unpacking(request, contents, kernelFound: nothing) { try await root(request, contents) }
    }

    private func contents(_ request: BuildRequest, _ observe: @escaping BuildObserver) throws -> BuildContents {
        try BuildContents(
            source: source,
            dataDirectory: dataDirectory,
            architecture: request.architecture,
            observe: observe
        )
    }

    /// Does something with the images of a definition when all are found, while those that are new are being unpacked.
    private func unpacking<Result: Sendable>(
        _ request: BuildRequest,
        _ contents: BuildContents,
        kernelFound: @escaping @Sendable (KernelFiles) async throws -> Void,
        _ body: () async throws -> Result
    ) async throws -> Result {
        let (found, finder) = AsyncStream.makeStream(of: ContainerImage.self)
        async let _: Void = contents.unpack(found, kernel: request.definition.kernel, kernelFound: kernelFound)
        defer { finder.finish() }
        try await contents.resolve(request.definition) { finder.yield($0) }
        finder.finish()
        return try await body()
    }

    private func root(_ request: BuildRequest, _ contents: BuildContents) async throws -> BuiltRoot {
        let modified = request.sourceDateEpoch ?? TreeEntry.standardTime
        var root = try await MachineRootBuilder.build(request.definition, contents: contents, modified: modified)
        if let latest = request.sourceDateEpoch { root.clampTimes(to: latest) }
        return BuiltRoot(root: root, contents: contents, modified: modified)
    }

    private func make(_ request: BuildRequest, _ observe: @escaping BuildObserver) async throws -> BuiltImage {
        let use = try images.use()
        for directory in directories { directory.removeLeftovers() }
        let contents = try contents(request, observe)
        /// Stores it and looks into it already: whoever asks again is told at once.
        @Sendable func kernelFound(_ files: KernelFiles) async throws {
            guard let kernel = files.kernel else { return }
            _ = try await known(of: store(kernel, contents), configuration: files.configuration, contents)
        }
        var image = try await unpacking(request, contents, kernelFound: kernelFound) {
            let key = try await BuildKey.of(request, contents: contents)
            if let key, !request.needsRoot, let manifest = try earlier(key, observe) {
                let modified = request.sourceDateEpoch ?? TreeEntry.standardTime
                return BuiltImage(manifest: manifest, root: nil, contents: contents, modified: modified)
            }
            let (image, warnings) = try await make(request, contents, observe)
            if let key {
                try builds.add(BuildIndex.Outcome(image: image.manifest.digest, warnings: warnings), for: key)
            }
            return image
        }
        if let name = request.name {
            let digest = image.manifest.digest
            _ = try images.publish(digest, architecture: request.architecture, as: name, now: Moment.now().wall)
        }
        image.use = use
        return image
    }

    /// The image of an earlier build of the same; nil when there was none, or when something of it is gone.
    private func earlier(_ key: Digest, _ observe: BuildObserver) throws -> ImageManifest? {
        guard let outcome = try builds.outcome(key), let manifest = try? images.manifest(outcome.image),
            manifest.blobs.allSatisfy({ images.blobs.size(of: $0.digest) == $0.size })
        else { return nil }
        for warning in outcome.warnings { observe(.warning(warning)) }
        for part in manifest.initrd where part.part != ImageManifest.microcodePart {
            observe(.stored(part: part.part, size: part.size, isCached: true))
        }
        return manifest
    }

    /// - Returns: the image, and of what was warned on the way.
    private func make(
        _ request: BuildRequest,
        _ contents: BuildContents,
        _ observe: @escaping BuildObserver
    ) async throws -> (BuiltImage, warnings: [String]) {
        let built = try await root(request, contents)
        let root = built.root
        guard let kernelContent = root.kernel else {
            throw BuildError(
                .invalidInput,
                "the definition has no `kernel:` with an image, so there is nothing to boot"
            )
        }
        let kernel = try await store(kernelContent, contents)
        let kernelImage =
            KernelImage(header: try KernelImage.header(of: images.blobs.path(of: kernel.digest)))
            ?? KernelImage(
                architecture: request.architecture,
                commandLineLimit: KernelImage.limit(request.architecture)
            )
        var warnings = [try kernelImage.commandLineProblem(root.commandLine)].compactMap(\.self)
        let compression = try await compression(request, root, kernel, contents)
        var packed = root
        var fetched: ImageManifest.Root?
        if let type = request.root {
            let made = try await fetchedRoot(type, request, built, kernel, contents, observe)
            (packed, fetched) = (made.initrd, made.root)
            warnings += made.warnings
        } else {
            let attributes = ExtendedAttributes(of: root)
            if request.isStrict, let first = attributes.warnings.first { throw BuildError(.invalidInput, first) }
            warnings += attributes.warnings
            attributes.add(to: &packed, modified: built.modified)
        }
        for warning in warnings { observe(.warning(warning)) }
        let manifest = ImageManifest(
            architecture: request.architecture,
            kernel: kernel,
            initrd: try await initrd(of: packed, compression, contents, observe),
            root: fetched,
            commandLine: root.commandLine,
            labels: try await labels(request, contents)
        )
        _ = try images.blobs.store(manifest.canonicalBytes)
        return (
            BuiltImage(manifest: manifest, root: root, contents: contents, modified: built.modified), warnings
        )
    }

    /// The request's labels, and the one that says that an image of `init:` contains our agent.
    func labels(_ request: BuildRequest, _ contents: BuildContents) async throws -> [String: String] {
        var labels = request.labels
        for entry in request.definition.initImages {
            let configuration = try await contents.image(entry.image).configuration
            if configuration.labels["org.muster.agent"] == "1" { labels[ImageManifest.agentLabel] = "1" }
        }
        return labels
    }

    /// The parts of the initrd, microcode in front of all others and as it is: the kernel looks for it before it can
    /// decompress anything (Linux, Documentation/arch/x86/microcode.rst).
    private func initrd(
        of root: MachineRoot,
        _ compression: SegmentCompression,
        _ contents: BuildContents,
        _ observe: @escaping BuildObserver
    ) async throws -> [ImageManifest.Part] {
        let plans = try SegmentPlan.plans(of: root)
        let builder = SegmentBuilder(blobs: images.blobs, index: segments, locks: locks, compression: compression)
        var parts = try await builder.build(plans, contents: contents, observe: observe)
        if let microcode = root.microcode {
            let blob = try await store(microcode, contents)
            parts.insert(
                ImageManifest.Part(digest: blob.digest, size: blob.size, part: ImageManifest.microcodePart),
                at: 0
            )
        }
        return parts
    }

    /// What the definition asks for, or the best that the kernel reads.
    private func compression(
        _ request: BuildRequest,
        _ root: MachineRoot,
        _ kernel: Blob,
        _ contents: BuildContents
    ) async throws -> SegmentCompression {
        let known = try await known(of: kernel, configuration: root.kernelConfiguration, contents)
        let format = try known.choose(asked: request.definition.initrdCompression)
        return SegmentCompression(format, isCompact: request.isCompact)
    }

    /// What a kernel reads.
    private func known(
        of kernel: Blob,
        configuration: FileContent?,
        _ contents: BuildContents
    ) async throws -> KernelCompression {
        try await kernels.compression(of: kernel, configuration: configuration) { content in
            try await contents.bytes(of: content, limit: 16 << 20)
        }
    }

    /// A file of the root as a blob of its own.
    private func store(_ content: FileContent, _ contents: BuildContents) async throws -> Blob {
        if images.blobs.size(of: content.digest) == content.size {
            return Blob(digest: content.digest, size: content.size)
        }
        try await contents.prepare([content])
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
