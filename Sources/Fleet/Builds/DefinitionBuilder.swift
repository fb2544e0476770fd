import Build
import Vocabulary

/// Makes images of definitions: what the fleet's builds run on.
public protocol ImageBuilding: Sendable {
    /// - Returns: the image's digest; all of it is in the store.
    /// - Throws: in words for whoever wrote the definition; `CancellationError`.
    func build(_ request: BuildRequest, observe: @escaping BuildObserver) async throws -> Digest
}

/// Builds in a data directory. Registries are asked what a name means now, once and not for long; where they do not say,
/// what the cache has is what it means.
public struct DefinitionBuilder: ImageBuilding {
    private let dataDirectory: String
    private let registries: RegistryConfiguration

    public init(_ configuration: FleetService.Configuration) {
        dataDirectory = configuration.data
        registries = configuration.registries
    }

    public func build(_ request: BuildRequest, observe: @escaping BuildObserver) async throws -> Digest {
        var impatient = registries
        impatient.attempts = 1
        impatient.connectTimeout = .seconds(3)
        impatient.longestPause = .seconds(3)
        let (asking, pulling) = (try Registry(impatient), try Registry(registries))
        do {
            let cache = try ContainerCache(dataDirectory: dataDirectory)
            let source = RefreshedSource(
                now: ContainerSource(cache: cache, registry: asking, isRefreshing: true),
                kept: ContainerSource(cache: cache, registry: pulling)
            )
            let builder = try ImageBuilder(dataDirectory: dataDirectory, source: source)
            let image = try await builder.build(request, observe: observe)
            await asking.shutdown()
            await pulling.shutdown()
            return image.manifest.digest
        } catch {
            await asking.shutdown()
            await pulling.shutdown()
            throw error
        }
    }
}

/// What names mean now, else what they meant when the cache learned it.
private struct RefreshedSource: ImageSource {
    let now: ContainerSource
    let kept: ContainerSource

    func image(
        _ reference: ImageReference,
        architecture: Architecture,
        observe: @escaping BuildObserver
    ) async throws -> ContainerImage {
        guard case .docker = reference else {
            return try await kept.image(reference, architecture: architecture, observe: observe)
        }
        do {
            return try await now.image(reference, architecture: architecture, observe: observe)
        } catch let error as BuildError {
            let image = try await kept.image(reference, architecture: architecture, observe: observe)
            observe(.warning("\(reference) is what it was in the cache: \(error)"))
            return image
        }
    }
}
