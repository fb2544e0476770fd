import ArgumentParser
import Build
import FoundationEssentials
import Logging
import Vocabulary

extension PkgCommand {
    /// `muster pkg build`
    struct Build: AsyncParsableCommand, AsynchronousCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make container images of recipes, into the cache.",
            discussion: """
                A recipe is a directory with a package.yml: Debian packages with what to keep of them, and files beside \
                it. Its image is called localhost/NAME:TAG. What programs need of other packages is found by itself.

                The packages are those that the mirror signs today, kept for later; which they were is written to a \
                lock in the data directory. With SOURCE_DATE_EPOCH in the environment no file is younger than that.
                """
        )

        @Argument(help: .init("A recipe's directory; DIR:TAG for one of its tags.", valueName: "dir"))
        var recipes: [String]

        @Option(help: .init("Instead of this host's; may be repeated.", valueName: "architecture"))
        var arch: [String] = []

        @Option(help: .init("Use exactly the packages that FILE names.", valueName: "file"))
        var locked: String?

        @OptionGroup var common: CommonOptions

        func validate() throws {
            for name in arch { _ = try architecture(named: name) }
            _ = try sourceDateEpoch()
        }

        func run() async throws {
            do {
                try await build()
            } catch let error as DefinitionError {
                // As editors read it: FILE:LINE:COLUMN: first on its line.
                Terminal.write(error: error.description + "\n")
                throw ExitCode(1)
            }
        }

        private func build() async throws {
            let configuration = try common.load().configuration
            let named = try arch.compactMap { try architecture(named: $0) }
            var wanted: [PackageRecipe] = []
            for recipe in recipes {
                for architecture in named.isEmpty ? [.host] : named {
                    wanted += try PackageRecipe.read(directory: recipe, architecture: architecture)
                }
            }
            let lock = try locked.map(Self.readLock)
            let epoch = try sourceDateEpoch()
            let state = DebianState(
                directory: configuration.data + "/debian",
                mirror: configuration.debian.mirror,
                logger: Logger(label: "pkg") { label in
                    var handler = StreamLogHandler.standardError(label: label)
                    handler.logLevel = .warning
                    return handler
                }
            )
            let builder = try PackageBuilder(dataDirectory: configuration.data, debian: state)
            let display = common.json ? nil : ProgressDisplay()
            defer { display?.end() }
            var built: [PackageBuild] = []
            for recipe in wanted {
                let image = try await builder.build(recipe, lock: lock, epoch: epoch) { display?.take($0) }
                built.append(image)
                display?.end()
                if !common.json { Terminal.print(PackageReport.text(image)) }
            }
            if common.json { try Terminal.print(json: built.map(PackageReport.init)) }
        }

        private static func readLock(_ path: String) throws -> PackageLock {
            let data: Data
            do {
                data = try Data(contentsOf: URL(filePath: path))
            } catch {
                throw BuildError(.unavailable, "cannot read the lock \(path): \(error.localizedDescription)")
            }
            return try PackageLock(parsing: String(decoding: data, as: UTF8.self), path: path)
        }
    }
}
