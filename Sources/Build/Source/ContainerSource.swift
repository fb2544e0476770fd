import Synchronization
import Vocabulary

/// Finds container images wherever references lead: in the cache, in registries, in layouts and archives on this host.
/// What comes from elsewhere is copied into the cache first.
public struct ContainerSource: ImageSource {
    public let cache: ContainerCache
    private let registry: Registry?
    private let isRefreshing: Bool

    /// - Parameters:
    ///   - registry: nil to stay offline.
    ///   - isRefreshing: ask registries what a name means now, even when the cache has an image of that name.
    public init(cache: ContainerCache, registry: Registry?, isRefreshing: Bool = false) {
        self.cache = cache
        self.registry = registry
        self.isRefreshing = isRefreshing
    }

    public func image(
        _ reference: ImageReference,
        architecture: Architecture,
        observe: @escaping BuildObserver
    ) async throws -> ContainerImage {
        guard case .docker(let name) = reference else {
            observe(.resolving(source: "\(reference)"))
            let image = try await local(reference, architecture: architecture)
            observe(.ready(source: "\(reference)", isCached: false))
            return image
        }
        var missing: BuildError?
        if registry == nil || !isRefreshing || name.digest != nil || name.registry == DockerReference.localRegistry {
            do {
                let image = try await cache.image(name, architecture: architecture)
                observe(.ready(source: "\(reference)", isCached: true))
                return image
            } catch let error as BuildError where error.code == .notFound {
                missing = error
            }
        }
        if name.registry == DockerReference.localRegistry {
            let recipe = name.repository + (name.tag.map { ":\($0)" } ?? "")
            let reason = missing.map(\.description) ?? "the cache has no image \(reference)"
            throw BuildError(
                .notFound,
                "\(reason): make it with `muster pkg build boot/images/\(recipe) --arch \(architecture)`, or of a "
                    + "recipe of your own; no registry has images called \(DockerReference.localRegistry)/…"
            )
        }
        guard let registry else {
            let reason = missing.map(\.description) ?? "the cache has no image \(reference)"
            throw BuildError(.notFound, "\(reason); offline, no registry is asked")
        }
        return try await pull(name, architecture: architecture, from: registry, observe: observe)
    }

    /// The image of a layout, an archive or a directory.
    private func local(_ reference: ImageReference, architecture: Architecture) async throws -> ContainerImage {
        switch reference {
        case .docker:
            preconditionFailure("names are not looked up on this host's file system")
        case .layout(let path, let name):
            let layout = try ImageLayout(DirectoryFiles(path: path), name: "oci:\(path)")
            return try await local(layout, name, reference, architecture)
        case .layoutArchive(let path, let name):
            let files = try await BlockingWork.run { try ArchiveFiles(path: path, $0) }
            return try await local(ImageLayout(files, name: "oci-archive:\(path)"), name, reference, architecture)
        case .dockerArchive(let path, let name):
            let files = try await BlockingWork.run { try ArchiveFiles(path: path, $0) }
            guard let archive = try DockerArchive(files, name: "docker-archive:\(path)") else {
                throw BuildError(.invalidInput, "\(reference) is no Docker archive: it has no manifest.json")
            }
            let entry = try archive.entry(tagged: name)
            let blobs = cache.blobs
            let found = try await BlockingWork.run { try archive.copy(entry, to: blobs, $0) }
            _ = try blobs.store(found.documents[0])
            return try await cache.image(reference, architecture: architecture, among: [found.descriptor])
        case .directory(let path):
            let (transport, descriptor) = try FileTransport.directory(path)
            return try await cache.copy(
                reference,
                architecture: architecture,
                among: [descriptor],
                from: transport
            ).image
        }
    }

    private func local(
        _ layout: ImageLayout,
        _ name: String?,
        _ reference: ImageReference,
        _ architecture: Architecture
    ) async throws -> ContainerImage {
        try await cache.copy(
            reference,
            architecture: architecture,
            among: layout.descriptors(named: name),
            from: layout.transport
        ).image
    }
}

// MARK: - Pulling

extension ContainerSource {
    /// Pulls an image from the first of a registry's mirrors and itself that has it, and gives it its name in the cache.
    private func pull(
        _ name: DockerReference,
        architecture: Architecture,
        from registry: Registry,
        observe: @escaping BuildObserver
    ) async throws -> ContainerImage {
        observe(.resolving(source: "\(ImageReference.docker(name))"))
        let endpoints = RegistryEndpoint.all(of: name.registry, registry.configuration)
        for (position, endpoint) in endpoints.enumerated() {
            let transport = RegistryTransport(
                registry: registry,
                endpoint: endpoint,
                repository: name.repository,
                store: cache.blobs
            )
            do {
                return try await pull(name, architecture: architecture, from: transport, observe: observe)
            } catch let error as BuildError where position < endpoints.count - 1 {
                observe(.warning("the mirror \(endpoint.url) was of no use: \(error)"))
            }
        }
        preconditionFailure("the registry itself is the last endpoint")
    }

    private func pull(
        _ name: DockerReference,
        architecture: Architecture,
        from transport: RegistryTransport,
        observe: @escaping BuildObserver
    ) async throws -> ContainerImage {
        let reference = ImageReference.docker(name)
        let (descriptor, bytes) = try await transport.resolve(tag: name.tag ?? "latest", digest: name.digest)
        let document = try OCIDocument(parsing: bytes, mediaType: descriptor.mediaType, name: "\(reference)")
        var top = descriptor
        top.mediaType = document.mediaType
        // Kept at once: reading it again costs no question. Nothing names it yet.
        _ = try cache.blobs.store(bytes)
        let found = try await transport.find(architecture, among: [top], subject: "\(reference)")
        let missing = found.blobs.filter { !cache.blobs.holds($0) }
        let progress = PullProgress(of: reference, total: missing.reduce(0) { $0 + $1.size }, observe)
        try await cache.copy([found], from: transport) { progress.add($0) }
        _ = try cache.setName(name, to: top, [found])
        let image = try await cache.image(reference, architecture: architecture, among: [found.descriptor])
        observe(.ready(source: "\(reference)", isCached: missing.isEmpty))
        return image
    }
}

/// Adds up what arrives for an image, from all its blobs.
private final class PullProgress: Sendable {
    private let source: String
    private let total: UInt64
    private let observe: BuildObserver
    private let received = Atomic<UInt64>(0)

    init(of reference: ImageReference, total: UInt64, _ observe: @escaping BuildObserver) {
        source = "\(reference)"
        self.total = total
        self.observe = observe
    }

    func add(_ more: UInt64) {
        let sum = received.wrappingAdd(more, ordering: .relaxed).newValue
        observe(.pulling(source: source, received: sum, total: total))
    }
}
