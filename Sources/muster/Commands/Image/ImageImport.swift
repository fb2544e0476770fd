import ArgumentParser
import Build
import Control
import Vocabulary

extension ImageCommand {
    /// `muster image import`
    struct Import: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an image of a kernel and an initrd, and give it a name.",
            discussion: """
                The files are copied into the data directory. The same files again are the same image and make no new \
                release of the name.
                """
        )

        @Option(help: "What profiles call it: lower-case letters, digits, '.', '-' and '_'.")
        var name: String

        @Option(help: .init("A bzImage, an arm64 Image, or an EFI program that is one.", valueName: "file"))
        var kernel: String

        @Option(help: .init("An initrd; several are unpacked in this order.", valueName: "file"))
        var initrd: [String] = []

        @Option(help: .init("The kernel's arguments.", valueName: "text"))
        var cmdline = ""

        @Option(help: .init("Instead of what the kernel says.", valueName: "architecture"))
        var arch: String?

        @Option(help: .init("A label of the image; may be repeated.", valueName: "key=value"))
        var label: [String] = []

        @OptionGroup var common: CommonOptions

        func validate() throws {
            _ = try architecture(named: arch)
            _ = try labels()
            do { _ = try ImageName(name) } catch { throw ValidationError("--name: \(error)") }
        }

        private func labels() throws -> [String: String] {
            var labels: [String: String] = [:]
            for label in label {
                guard let equals = label.firstIndex(of: "="), equals != label.startIndex else {
                    throw ValidationError("found '\(label)' for --label, expected key=value")
                }
                labels[String(label[..<equals])] = String(label[label.index(after: equals)...])
            }
            return labels
        }

        func run() throws {
            let entry = try common.imageStore().import(
                name: name,
                kernel: kernel,
                initrds: initrd,
                commandLine: cmdline,
                architecture: try architecture(named: arch),
                labels: try labels()
            )
            for warning in entry.warnings { Terminal.warn(warning) }
            if common.json { return try Terminal.print(json: ImageView(entry)) }
            Terminal.print("\(entry.name) release \(entry.release) (\(entry.manifest.architecture)): \(entry.digest)")
        }
    }
}
