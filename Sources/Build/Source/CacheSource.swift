import Vocabulary

/// Container images of the cache, and of this host's layouts and archives; no network.
public struct CacheSource: ImageSource {
    private let cache: ContainerCache

    public init(_ cache: ContainerCache) { self.cache = cache }

    public func image(
        _ reference: ImageReference,
        architecture: Architecture,
        observe: BuildObserver
    ) async throws -> ContainerImage {
        observe(.resolving(source: "\(reference)"))
        let image: ContainerImage
        switch reference {
        case .docker(let name):
            image = try await cache.image(name, architecture: architecture)
        case .layout, .layoutArchive, .dockerArchive, .directory:
            throw BuildError(
                .unavailable,
                "cannot use \(reference): builds read no layouts and archives yet; `muster cache load` loads archives"
            )
        }
        observe(.ready(source: "\(reference)", isCached: true))
        return image
    }
}
