import ArgumentParser
import Build
import Vocabulary

/// `muster cache`
struct CacheCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache",
        abstract: "Container images: what boot images are made of. Needs no running server.",
        discussion: """
            The cache is an OCI image layout below the data directory. Credentials are those of `docker login`; \
            mirrors and certificate authorities are configured under `registries`.
            """,
        subcommands: [Pull.self, Load.self, Export.self, Push.self, List.self, Remove.self]
    )
}

extension Configuration {
    /// The container images of the data directory.
    func containerCache() throws -> ContainerCache { try ContainerCache(dataDirectory: data) }

    /// Runs `body` with a client for registries, or with none where nobody may be asked.
    func withRegistry<Result: Sendable>(
        isOffline: Bool = false,
        _ body: (Registry?) async throws -> Result
    ) async throws -> Result {
        guard !isOffline else { return try await body(nil) }
        let registry = try Registry(registries)
        do {
            let result = try await body(registry)
            await registry.shutdown()
            return result
        } catch {
            await registry.shutdown()
            throw error
        }
    }
}

extension DockerReference {
    /// The name of an image on a command line.
    ///
    /// - Throws: `ValidationError`, so that the exit status says bad usage.
    init(argument text: String) throws {
        guard let reference = DockerReference(text) else {
            throw ValidationError(
                "found '\(text)', expected an image such as alpine:3.20 or registry:5000/team/web@sha256:…"
            )
        }
        self = reference
    }
}

/// An image of the cache as programs get it.
struct CachedImageView: Encodable {
    var name: String?
    var digest: Digest
    var manifest: Digest
    var platform: String
    /// In bytes.
    var size: UInt64

    init(_ image: CachedImage) {
        name = image.name
        digest = image.digest
        manifest = image.manifest
        platform = image.platform
        size = image.size
    }

    static func table(_ images: [CachedImage]) -> Table {
        var table = Table("NAME", "PLATFORM", "DIGEST", "SIZE")
        for image in images {
            let size = image.platform.isEmpty ? "" : byteCount(image.size)
            table.add([image.name ?? "", image.platform, image.digest.short, size])
        }
        return table
    }
}
