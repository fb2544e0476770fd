import ArgumentParser
import Build

extension CacheCommand {
    /// `muster cache ls`
    struct List: AsyncParsableCommand, AsynchronousCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls",
            abstract: "List the images of the cache, each with the platforms that are here whole."
        )

        @OptionGroup var common: CommonOptions

        func run() async throws {
            let images = try await common.load().configuration.containerCache().list()
            if common.json { return try Terminal.print(json: images.map(CachedImageView.init)) }
            Terminal.print(CachedImageView.table(images).text)
        }
    }

    /// `muster cache rm`
    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm",
            abstract: "Remove images from the cache, and every blob that no other image needs."
        )

        @Argument(help: .init("As `muster cache ls` shows them.", valueName: "image"))
        var images: [String]

        @OptionGroup var common: CommonOptions

        func validate() throws {
            for image in images { _ = try DockerReference(argument: image) }
        }

        func run() throws {
            let cache = try common.load().configuration.containerCache()
            let freed = try cache.remove(images.map { try DockerReference(argument: $0) })
            if common.json { return try Terminal.print(json: ["freed": freed]) }
            Terminal.print("\(byteCount(freed)) are free")
        }
    }
}
