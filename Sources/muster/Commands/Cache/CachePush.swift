import ArgumentParser
import Build

extension CacheCommand {
    /// `muster cache push`
    struct Push: AsyncParsableCommand, AsynchronousCommand {
        static let configuration = CommandConfiguration(
            abstract: "Push an image of the cache to a registry, under its own name or another."
        )

        @Argument(help: .init("As `muster cache ls` shows it.", valueName: "image"))
        var image: String

        @Argument(
            help: .init("Where to, such as registry.example.org/team/web:1; its own name otherwise.", valueName: "to")
        )
        var destination: String?

        @Option(help: .init("One image of an index, instead of all.", valueName: "architecture"))
        var arch: String?

        @OptionGroup var common: CommonOptions

        func validate() throws {
            _ = try DockerReference(argument: image)
            if let destination { _ = try DockerReference(argument: destination) }
            _ = try architecture(named: arch)
        }

        func run() async throws {
            let configuration = try common.load().configuration
            let cache = try configuration.containerCache()
            let name = try DockerReference(argument: image)
            let target = try DockerReference(argument: destination ?? image)
            let wanted = try architecture(named: arch)
            let digest = try await configuration.withRegistry { registry in
                try await registry!.push(name, architecture: wanted, of: cache, to: target)
            }
            if common.json { return try Terminal.print(json: ["image": "\(target)", "digest": "\(digest)"]) }
            Terminal.print("\(target): \(digest)")
        }
    }
}
