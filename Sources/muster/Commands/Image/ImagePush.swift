import ArgumentParser
import Build
import Control
import Vocabulary

extension ImageCommand {
    /// `muster image push`
    struct Push: AsyncParsableCommand, AsynchronousCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put an image into a registry, as an OCI artifact.",
            discussion: "`muster image pull` takes it out again, with the same digest, in any data directory."
        )

        @Argument(help: "A name, a digest or its first digits, or a profile's name.")
        var image: String

        @Argument(help: .init("Where to, such as registry.example.org/boot/web:1.", valueName: "to"))
        var destination: String

        @Option(help: .init("Which of a name's images.", valueName: "architecture"))
        var arch: String?

        @OptionGroup var common: CommonOptions

        func validate() throws {
            _ = try architecture(named: arch)
            try checkImageReference(image)
            _ = try DockerReference(argument: destination)
        }

        func run() async throws {
            let configuration = try common.load().configuration
            let store = try ImageStore(dataDirectory: configuration.data)
            let digest = try common.resolve(image, architecture: try architecture(named: arch), in: store)
            let target = try DockerReference(argument: destination)
            let artifact = try await configuration.withRegistry { registry in
                try await registry!.push(digest, of: store, to: target)
            }
            if common.json {
                let document = ["image": "\(digest)", "name": "\(target)", "artifact": "\(artifact)"]
                return try Terminal.print(json: document)
            }
            Terminal.print("\(target): \(artifact), the image \(digest)")
        }
    }

    /// `muster image pull`
    struct Pull: AsyncParsableCommand, AsynchronousCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take an image out of a registry that `muster image push` put there, and give it a name.",
            discussion: "What the data directory has already is not fetched again."
        )

        @Argument(help: .init("Such as registry.example.org/boot/web:1.", valueName: "from"))
        var source: String

        @Option(help: "What profiles call it; the last part of the name in the registry unless given.")
        var name: String?

        @OptionGroup var common: CommonOptions

        func validate() throws { _ = try imageName() }

        private func imageName() throws -> ImageName {
            let reference = try DockerReference(argument: source)
            let last = reference.repository.split(separator: "/").last.map(String.init) ?? ""
            do {
                return try ImageName(name ?? last)
            } catch {
                throw ValidationError("--name: \(error)")
            }
        }

        func run() async throws {
            let configuration = try common.load().configuration
            let store = try ImageStore(dataDirectory: configuration.data)
            let reference = try DockerReference(argument: source)
            let name = try imageName()
            let display = common.json ? nil : ProgressDisplay()
            let entry = try await configuration.withRegistry { registry in
                defer { display?.end() }
                return try await registry!.pull(reference, into: store, as: name) { display?.take($0) }
            }
            if common.json { return try Terminal.print(json: ImageView(entry)) }
            Terminal.print("\(entry.name) release \(entry.release) (\(entry.manifest.architecture)): \(entry.digest)")
        }
    }
}
