import ArgumentParser
import Build
import Control
import Vocabulary

extension ImageCommand {
    /// `muster image diff`
    struct Diff: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say how two images differ: kernel, command line, parts, packages, files and sizes.",
            discussion: """
                Everything is read from the images themselves, so imported ones are compared as well. Packages are those \
                of dpkg's and apk's databases, in the image's root and in every container's.
                """
        )

        @Argument(help: "The image before: a name, a digest or its first digits, or a profile's name.")
        var old: String

        @Argument(help: "The image after.")
        var new: String

        @Option(help: .init("Which of a name's images.", valueName: "architecture"))
        var arch: String?

        @OptionGroup var common: CommonOptions

        func validate() throws {
            _ = try architecture(named: arch)
            for image in [old, new] { try checkImageReference(image) }
        }

        func run() throws {
            let store = try common.imageStore()
            let architecture = try architecture(named: arch)
            let difference = try ImageDifference(
                from: try common.resolve(old, architecture: architecture, in: store),
                to: try common.resolve(new, architecture: architecture, in: store),
                in: store
            )
            let view = DifferenceView(difference)
            if common.json { return try Terminal.print(json: view) }
            Terminal.print(DifferenceText.text(of: view))
        }
    }
}
