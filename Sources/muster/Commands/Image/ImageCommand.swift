import ArgumentParser
import Build
import Control
import Vocabulary

/// `muster image`
struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image",
        abstract: "Boot images: what machines run. Needs no running server.",
        subcommands: [List.self, Inspect.self, Import.self]
    )

    /// `muster image ls`
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls",
            abstract: "List the images of every name's current release."
        )

        @OptionGroup var common: CommonOptions

        func run() throws {
            let images = try common.imageStore().list().map(ImageView.init)
            if common.json { return try Terminal.print(json: images) }
            Terminal.print(ImageView.table(images, isWide: false, at: Moment.now().wall).text)
        }
    }

    /// `muster image inspect`
    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print an image's manifest: its kernel, the parts of its initrd and its command line."
        )

        @Argument(help: "A name, a digest or its first digits.")
        var image: String

        @Option(help: .init("Which of a name's images.", valueName: "architecture"))
        var arch: String?

        @OptionGroup var common: CommonOptions

        func validate() throws {
            _ = try architecture(named: arch)
            let digits = image.hasPrefix("sha256:") ? image.dropFirst(7) : ""
            let isDigest = !digits.isEmpty && digits.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
            guard !isDigest, Digest(image) == nil else { return }
            do { _ = try ImageName(image) } catch { throw ValidationError("found no digest, and \(error)") }
        }

        func run() throws {
            let store = try common.imageStore()
            let digest = try store.resolve(image, architecture: try architecture(named: arch))
            let view = ManifestView(digest: digest, manifest: try store.manifest(digest))
            try Terminal.print(json: view)
        }
    }
}

/// The architecture that a flag names.
///
/// - Throws: `ValidationError`, so that the exit status says bad usage.
func architecture(named name: String?) throws -> Architecture? {
    guard let name else { return nil }
    guard let architecture = Architecture(name) else {
        throw ValidationError("found '\(name)' for --arch, expected one of amd64, arm64, riscv64, 386, arm, loong64")
    }
    return architecture
}

extension CommonOptions {
    /// The images of the configured data directory.
    func imageStore() throws -> ImageStore {
        try ImageStore(dataDirectory: load().configuration.data)
    }
}
