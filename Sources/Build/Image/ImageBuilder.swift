import Vocabulary

/// Builds images: a definition in, an image in the store out, and only what changed is made anew.
///
/// Safe from any task and beside other processes on the same data directory. What is made is published whole or not at
/// all: a build that is cancelled, killed or out of space leaves the store as it was, with finished segments for the
/// next one.
public struct ImageBuilder: Sendable {
    /// What a build reads.
    typealias Contents = any LayerContents & SegmentContents

    private let images: ImageStore
    private let segments: SegmentIndex
    private let locks: KeyLocks
    private let kernels: KernelFacts
    private let underWay = SharedBuilds()
    /// Where builds write.
    private let directories: [DataDirectory]
    private let contents: @Sendable (BuildRequest, @escaping BuildObserver) async throws -> Contents

    /// - Parameter source: where container images come from.
    /// - Throws: `BuildError` when there are no directories and none can be made.
    public init(dataDirectory: String, source: any ImageSource) throws {
        try self.init(dataDirectory: dataDirectory) { request, observe in
            let contents = try BuildContents(
                source: source,
                dataDirectory: dataDirectory,
                architecture: request.architecture,
                observe: observe
            )
            try await contents.load(request.definition.images)
            return contents
        }
    }

    init(
        dataDirectory: String,
        contents: @escaping @Sendable (BuildRequest, @escaping BuildObserver) async throws -> Contents
    ) throws {
        images = try ImageStore(dataDirectory: dataDirectory)
        segments = try SegmentIndex(dataDirectory: dataDirectory, blobs: images.blobs)
        locks = KeyLocks(directory: try DataDirectory("\(dataDirectory)/segments"))
        kernels = try KernelFacts(dataDirectory: dataDirectory, blobs: images.blobs)
        self.contents = contents
        directories = try ["blobs/sha256", "images", "kernels", "layers", "segments"].map {
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
        return try await root(request, try await contents(request, observe))
    }

    private func root(_ request: BuildRequest, _ contents: Contents) async throws -> BuiltRoot {
        let modified = request.sourceDateEpoch ?? TreeEntry.standardTime
        var root = try await MachineRootBuilder.build(request.definition, contents: contents, modified: modified)
        if let latest = request.sourceDateEpoch { root.clampTimes(to: latest) }
        return BuiltRoot(root: root, contents: contents, modified: modified)
    }

    private func make(_ request: BuildRequest, _ observe: @escaping BuildObserver) async throws -> BuiltImage {
        let use = try images.use()
        for directory in directories { directory.removeLeftovers() }
        let contents = try await contents(request, observe)
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
        if let problem = try kernelImage.commandLineProblem(root.commandLine) { observe(.warning(problem)) }
        let compression = try await compression(request, root, kernel, contents)
        let parts = try await initrd(of: root, request, compression, contents, observe)
        let manifest = ImageManifest(
            architecture: request.architecture,
            kernel: kernel,
            initrd: parts,
            commandLine: root.commandLine,
            labels: try await labels(request, contents)
        )
        let digest = try images.blobs.store(manifest.canonicalBytes).digest
        if let name = request.name {
            _ = try images.publish(digest, architecture: request.architecture, as: name, now: Moment.now().wall)
        }
        var image = BuiltImage(manifest: manifest, root: root, contents: contents, modified: built.modified)
        image.use = use
        return image
    }

    /// The request's labels, and the one that says that an image of `init:` contains our agent.
    private func labels(_ request: BuildRequest, _ contents: Contents) async throws -> [String: String] {
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
        _ request: BuildRequest,
        _ compression: SegmentCompression,
        _ contents: Contents,
        _ observe: @escaping BuildObserver
    ) async throws -> [ImageManifest.Part] {
        let attributes = ExtendedAttributes(of: root)
        if request.isStrict, let first = attributes.warnings.first { throw BuildError(.invalidInput, first) }
        for warning in attributes.warnings { observe(.warning(warning)) }
        var packed = root
        attributes.add(to: &packed, modified: request.sourceDateEpoch ?? TreeEntry.standardTime)
        let plans = try SegmentPlan.plans(of: packed)
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
        _ contents: Contents
    ) async throws -> SegmentCompression {
        let known = try await kernels.compression(of: kernel, configuration: root.kernelConfiguration) { content in
            try await contents.bytes(of: content, limit: 16 << 20)
        }
        let format = try known.choose(asked: request.definition.initrdCompression)
        return SegmentCompression(format, isCompact: request.isCompact)
    }

    /// A file of the root as a blob of its own.
    private func store(_ content: FileContent, _ contents: Contents) async throws -> Blob {
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
