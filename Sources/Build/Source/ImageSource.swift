import Vocabulary

/// Where container images come from: the cache, registries, layouts and archives.
public protocol ImageSource: Sendable {
    /// The image that a definition names, for one architecture, whole on this host.
    ///
    /// - Parameter observe: is told what happens on the way: `resolving`, `pulling`, `ready`.
    /// - Throws: `BuildError` when there is no such image, none for that architecture, or it cannot be fetched.
    func image(
        _ reference: ImageReference,
        architecture: Architecture,
        observe: @escaping BuildObserver
    ) async throws -> ContainerImage
}
