import ArgumentParser
import Build
import Vocabulary

extension ImageCommand {
    /// `muster image export`
    struct Export: AsyncParsableCommand, AsynchronousCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write an image out as files: its kernel and initrd, or a disk, a CD, an EFI program.",
            discussion: """
                The formats are those of `muster build`, but for those that hold the root itself: of an image only the \
                kernel and the initrd are kept.
                """
        )

        @Argument(help: "A name, a digest or its first digits, or a profile's name.")
        var image: String

        @Option(name: [.customLong("format")], help: .init("Formats, with commas between them.", valueName: "f,…"))
        var formats: [String] = []

        @Option(name: [.customLong("dir")], help: .init("Where the files are written.", valueName: "dir"))
        var directory = "."

        @Option(help: "What the files are called; the image unless given.")
        var name: String?

        @Option(help: .init("Which of a name's images.", valueName: "architecture"))
        var arch: String?

        @OptionGroup var signing: SigningOptions
        @OptionGroup var common: CommonOptions

        func validate() throws {
            _ = try architecture(named: arch)
            try checkImageReference(image)
            _ = try imageFormats(named: formats)
            try signing.validate()
        }

        func run() async throws {
            let store = try common.imageStore()
            let digest = try common.resolve(image, architecture: try architecture(named: arch), in: store)
            let built = try store.builtImage(digest)
            // While it is held, nobody collects its blobs.
            defer { withExtendedLifetime(built) {} }
            let isDigest = digest.hex.hasPrefix(image.hasPrefix("sha256:") ? String(image.dropFirst(7)) : image)
            let files = try await ImageFormats.write(
                built,
                as: try imageFormats(named: formats),
                name: name ?? (isDigest ? digest.short : image),
                directory: directory,
                blobs: store.blobs,
                signing: signing.key
            ).map { $0.hasPrefix("./") ? String($0.dropFirst(2)) : $0 }
            if common.json { return try Terminal.print(json: View(digest: digest, files: files)) }
            Terminal.print(files.joined(separator: "\n"))
        }

        private struct View: Encodable {
            var digest: Digest
            var files: [String]
        }
    }
}
