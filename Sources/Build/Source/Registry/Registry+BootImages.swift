import Synchronization
import Vocabulary

extension Registry {
    /// Puts a boot image into a registry as an OCI artifact: what it does not have yet, the name last.
    ///
    /// - Parameter destination: the name there; without a tag it is `latest`.
    /// - Returns: the digest that the name has there, which is the artifact's, not the image's.
    /// - Throws: `BuildError` when the image is not in the store whole, or the registry does not take it.
    public func push(_ image: Digest, of images: ImageStore, to destination: DockerReference) async throws -> Digest {
        let endpoint = try pushEndpoint(destination)
        let use = try images.use()
        defer { use.end() }
        let artifact = try OCIArtifact(images.manifest(image))
        var seen: Set<Digest> = []
        for blob in artifact.manifest.layers + [artifact.manifest.config] where seen.insert(blob.digest).inserted {
            guard images.blobs.holds(blob) else {
                throw BuildError(.notFound, "the image \(image) is not whole: its blob \(blob.digest) is missing")
            }
            try await attempting {
                try await upload(blob, of: images.blobs, to: destination.repository, at: endpoint)
            }
        }
        try await put(artifact.bytes, as: destination.tag ?? "latest", in: destination.repository, at: endpoint)
        return artifact.descriptor.digest
    }

    /// Copies a boot image out of a registry, or of a mirror of it, into the store, and gives it a name there.
    ///
    /// - Returns: the image, as the store lists it.
    /// - Throws: `BuildError` when there is none, it is something else, or it does not arrive whole: then it has no name.
    public func pull(
        _ reference: DockerReference,
        into images: ImageStore,
        as name: ImageName,
        observe: @escaping BuildObserver = { _ in }
    ) async throws -> ImageStore.Entry {
        let use = try images.use()
        defer { use.end() }
        let endpoints = RegistryEndpoint.all(of: reference.registry, configuration)
        observe(.resolving(source: "\(reference)"))
        for (position, endpoint) in endpoints.enumerated() {
            let transport = RegistryTransport(
                registry: self,
                endpoint: endpoint,
                repository: reference.repository,
                store: images.blobs
            )
            do {
                let image = try await pull(reference, from: transport, into: images, observe)
                let release = try images.publish(
                    image.digest,
                    architecture: image.architecture,
                    as: name,
                    now: Moment.now().wall
                )
                return ImageStore.Entry(
                    name: name.description,
                    release: release.number,
                    created: release.created,
                    digest: image.digest,
                    manifest: image
                )
            } catch let error as BuildError where position < endpoints.count - 1 {
                observe(.warning("the mirror \(endpoint.url) was of no use: \(error)"))
            }
        }
        preconditionFailure("the registry itself is the last endpoint")
    }

    private func pull(
        _ reference: DockerReference,
        from transport: RegistryTransport,
        into images: ImageStore,
        _ observe: @escaping BuildObserver
    ) async throws -> ImageManifest {
        let (found, bytes) = try await transport.resolve(tag: reference.tag ?? "latest", digest: reference.digest)
        guard
            case .manifest(let artifact) = try OCIDocument(
                parsing: bytes,
                mediaType: found.mediaType,
                name: "\(reference)"
            ), artifact.config.mediaType == OCIArtifact.manifestType
        else {
            throw BuildError(
                .invalidInput,
                "\(reference) is no boot image that `muster image push` made; container images are for `muster cache pull`"
            )
        }
        let configuration = try await transport.fetch(artifact.config)
        let image = try ImageManifest(parsing: configuration)
        guard Set(artifact.layers.map { Blob(digest: $0.digest, size: $0.size) }) == image.blobs else {
            throw BuildError(.invalidInput, "cannot use \(reference): its layers are not those of the image in it")
        }
        let total = artifact.layers.filter { !images.blobs.holds($0) }.reduce(0) { $0 + $1.size }
        let received = Mutex<UInt64>(0)
        try await transport.copy(artifact.layers.uniqued, to: images.blobs) { more in
            let sum = received.withLock { received in
                received += more
                return received
            }
            observe(.pulling(source: "\(reference)", received: sum, total: total))
        }
        // Last: an image that is there is there whole.
        _ = try images.blobs.store(configuration)
        observe(.ready(source: "\(reference)", isCached: total == 0))
        return image
    }
}

extension [OCIDescriptor] {
    /// Of several with one digest the first.
    fileprivate var uniqued: [OCIDescriptor] {
        var seen: Set<Digest> = []
        return filter { seen.insert($0.digest).inserted }
    }
}
