import ArgumentParser
import Build
import Vocabulary

extension CacheCommand {
    /// `muster cache pull`
    struct Pull: AsyncParsableCommand, AsynchronousCommand {
        static let configuration = CommandConfiguration(
            abstract: "Pull images from their registries into the cache.",
            discussion: "The registry is asked what a name means now; only what the cache does not have is pulled."
        )

        @Argument(help: .init("Such as alpine:3.20.", valueName: "image"))
        var images: [String]

        @Option(
            help: .init("Whose image of an index, instead of this host's; may be repeated.", valueName: "architecture")
        )
        var arch: [String] = []

        @OptionGroup var common: CommonOptions

        func validate() throws {
            for name in arch { _ = try architecture(named: name) }
            for image in images { _ = try DockerReference(argument: image) }
        }

        func run() async throws {
            let configuration = try common.load().configuration
            let wanted = try arch.compactMap { try architecture(named: $0) }
            let names = try images.map { try DockerReference(argument: $0) }
            let display = ProgressDisplay()
            let cache = try configuration.containerCache()
            let pulled = try await configuration.withRegistry { registry in
                let source = ContainerSource(cache: cache, registry: registry, isRefreshing: true)
                var pulled: [PulledImageView] = []
                defer { display.end() }
                for name in names {
                    for architecture in wanted.isEmpty ? [.host] : wanted {
                        let image = try await source.image(.docker(name), architecture: architecture) {
                            display.take($0)
                        }
                        pulled.append(PulledImageView(image))
                    }
                }
                return pulled
            }
            if common.json { return try Terminal.print(json: pulled) }
            for image in pulled { Terminal.print("\(image.name) (\(image.architecture)): \(image.manifest)") }
        }
    }
}

private struct PulledImageView: Encodable, Sendable {
    var name: String
    var architecture: Architecture
    var manifest: Digest
    /// Of its layers as they were pulled, in bytes.
    var size: UInt64

    init(_ image: ContainerImage) {
        name = "\(image.reference)"
        architecture = image.architecture
        manifest = image.digest
        size = image.layers.reduce(0) { $0 + $1.size }
    }
}
