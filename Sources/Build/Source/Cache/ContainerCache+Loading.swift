import Vocabulary

extension ContainerCache {
    /// Copies the images of an archive in: what OCI tools write (a layout in a tar file) or `docker save`, compressed or not.
    ///
    /// - Parameter name: instead of the archive's own names, when it holds a single image.
    /// - Returns: what was loaded, one entry for each name and platform.
    /// - Throws: `BuildError` for what is no such archive, for damaged ones and for images without a name. Nothing is
    ///   named then, and no bad blob is kept.
    @discardableResult
    public func load(file path: String, name: DockerReference? = nil) async throws -> [CachedImage] {
        let files = try await BlockingWork.run { try ArchiveFiles(path: path, $0) }
        if try files.read("oci-layout", limit: 1 << 16) != nil {
            return try await load(ImageLayout(files, name: path), name: name)
        }
        guard let archive = try DockerArchive(files, name: path) else {
            throw BuildError(
                .invalidInput,
                "cannot load \(path): it is neither an OCI archive (it has no oci-layout) nor a Docker archive "
                    + "(it has no manifest.json)"
            )
        }
        return try await load(archive, name: name)
    }

    private func load(_ layout: ImageLayout, name: DockerReference?) async throws -> [CachedImage] {
        let source = layout.transport.name
        var plan: [(name: DockerReference, descriptor: OCIDescriptor, images: [FoundImage])] = []
        let isSingle = Set(layout.index.manifests.map { ImageLayout.names(of: $0) }).count == 1
        guard isSingle || name == nil else { throw Self.severalImages(source) }
        guard !layout.index.manifests.isEmpty else { throw BuildError(.notFound, "there is no image in \(source)") }
        for descriptor in layout.index.manifests {
            let own = ImageLayout.names(of: descriptor)
            let name = try name ?? Self.name(among: own, of: source)
            let images = try await layout.transport.findAll(descriptor, subject: "\(name)")
            plan.append((name, descriptor, images))
        }
        var loaded: [CachedImage] = []
        for (name, descriptor, images) in plan {
            try await copy(images, from: layout.transport, progress: nil)
            loaded += try setName(name, to: descriptor, images)
        }
        return loaded
    }

    private func load(_ archive: DockerArchive, name: DockerReference?) async throws -> [CachedImage] {
        guard archive.entries.count == 1 || name == nil else { throw Self.severalImages(archive.name) }
        guard !archive.entries.isEmpty else { throw BuildError(.notFound, "there is no image in \(archive.name)") }
        let plan = try archive.entries.map { entry in
            let names = try name.map { [$0] } ?? (entry.tags ?? []).map { try Self.name(among: [$0], of: archive.name) }
            guard !names.isEmpty else { throw Self.noName(archive.name) }
            return (entry: entry, names: names)
        }
        var loaded: [CachedImage] = []
        for (entry, names) in plan {
            let image = try await BlockingWork.run { try archive.copy(entry, to: blobs, $0) }
            _ = try blobs.store(image.documents[0])
            for name in names { loaded += try setName(name, to: image.descriptor, [image]) }
        }
        return loaded
    }

    /// Gives a name to images that were copied, and says what was named.
    func setName(
        _ name: DockerReference,
        to descriptor: OCIDescriptor,
        _ images: [FoundImage]
    ) throws -> [CachedImage] {
        // Of a manifest, what was found out about it says more than whoever pointed to it.
        let isOne = images.count == 1 && images[0].descriptor.digest == descriptor.digest
        try setName(name, to: isOne ? images[0].descriptor : descriptor, needing: images.flatMap(\.blobs))
        return images.map { CachedImage(name: "\(name)", digest: descriptor.digest, $0) }
    }

    /// The first of an archive's own names for an image that is one.
    private static func name(among names: [String], of source: String) throws -> DockerReference {
        guard let name = names.first else { throw noName(source) }
        // A tag alone is no name; of all words this is the one that is surely meant as a tag.
        guard name != "latest", let reference = DockerReference(name) else {
            throw BuildError(
                .invalidInput,
                "cannot load \(source): it calls its image '\(name)', which is no whole name: give one with --name"
            )
        }
        return reference
    }

    private static func noName(_ source: String) -> BuildError {
        BuildError(.invalidInput, "cannot load \(source): its image has no name: give one with --name")
    }

    private static func severalImages(_ source: String) -> BuildError {
        BuildError(.ambiguous, "cannot load \(source) under one name: it holds several images")
    }
}

extension CachedImage {
    init(name: String?, digest: Digest, _ image: FoundImage) {
        self.init(
            name: name,
            digest: digest,
            manifest: image.descriptor.digest,
            platform: image.descriptor.platform?.description ?? "",
            size: image.blobs.reduce(0) { $0 + $1.size }
        )
    }
}
