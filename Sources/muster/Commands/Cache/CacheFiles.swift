import ArgumentParser
import Build

extension CacheCommand {
    /// `muster cache load`
    struct Load: AsyncParsableCommand, AsynchronousCommand {
        static let configuration = CommandConfiguration(
            abstract: "Load images from archives: OCI layouts in tar files, or what `docker save` writes."
        )

        @Argument(help: .init("Compressed or not.", valueName: "file"))
        var files: [String]

        @Option(help: .init("Instead of the archive's own name, for one with a single image.", valueName: "image"))
        var name: String?

        @OptionGroup var common: CommonOptions

        func validate() throws {
            if let name { _ = try DockerReference(argument: name) }
            guard name == nil || files.count == 1 else {
                throw ValidationError("--name is for one archive, and there are \(files.count)")
            }
        }

        func run() async throws {
            let cache = try common.load().configuration.containerCache()
            let name = try name.map { try DockerReference(argument: $0) }
            var loaded: [CachedImage] = []
            for file in files { loaded += try await cache.load(file: file, name: name) }
            if common.json { return try Terminal.print(json: loaded.map(CachedImageView.init)) }
            for image in loaded {
                Terminal.print(
                    "\(image.name ?? "-") (\(image.platform.isEmpty ? "any" : image.platform)): \(image.digest)"
                )
            }
        }
    }

    /// `muster cache export`
    struct Export: AsyncParsableCommand, AsynchronousCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write an image of the cache to an archive that `cache load`, Docker and other tools read."
        )

        enum Format: String, ExpressibleByArgument, CaseIterable { case oci, docker }

        @Argument(help: .init("As `muster cache ls` shows it.", valueName: "image"))
        var image: String

        @Argument(help: .init("The archive; what was there is replaced.", valueName: "file"))
        var file: String

        @Option(help: "oci or docker.")
        var format = Format.oci

        @Option(help: .init("One image of an index, instead of all.", valueName: "architecture"))
        var arch: String?

        @OptionGroup var common: CommonOptions

        func validate() throws {
            _ = try DockerReference(argument: image)
            _ = try architecture(named: arch)
        }

        func run() async throws {
            let cache = try common.load().configuration.containerCache()
            let name = try DockerReference(argument: image)
            let wanted = try architecture(named: arch)
            switch format {
            case .oci: try await cache.export(name, architecture: wanted, to: file)
            case .docker: try await cache.exportDocker(name, architecture: wanted, to: file)
            }
            if common.json { return try Terminal.print(json: ["image": "\(name)", "file": file]) }
            Terminal.print("\(name): \(file)")
        }
    }
}
