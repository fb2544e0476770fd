import ArgumentParser
import Build
import Inventory
import Vocabulary

extension ImageCommand {
    /// `muster image gc`
    struct Collect: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "gc",
            abstract: "Remove images that nobody needs, and what they were made of.",
            discussion: """
                Kept is what machines are assigned, last good, running or pinned to, and the newest releases of every name \
                and profile. Container images stay in their cache: `muster cache rm` removes them.
                """
        )

        @Option(help: .init("How many releases of each name stay.", valueName: "number"))
        var keep = 3

        @Flag(help: "Only say what would be removed.")
        var dryRun = false

        @OptionGroup var common: CommonOptions

        func validate() throws {
            guard keep >= 1 else { throw ValidationError("found \(keep) for --keep, expected at least 1") }
        }

        func run() throws {
            let configuration = try common.load().configuration
            let data = configuration.data
            var needed = try ImagesInUse.digests(dataDirectory: data, releases: keep)
            let store = try ImageStore(dataDirectory: data)
            if let rescue = configuration.rescue {
                do {
                    needed.insert(try store.resolve(rescue))
                } catch let error as BuildError where [.notFound, .ambiguous].contains(error.code) {
                    // A name keeps its images by itself, and what is not here needs no keeping.
                }
            }
            let result = try store.collect(keeping: needed, releases: keep, isDryRun: dryRun)
            if common.json { return try Terminal.print(json: View(result)) }
            let verb = dryRun ? "would remove" : "removed"
            Terminal.print("\(verb) \(result.releases) releases, \(result.blobs) blobs, \(result.bytes) bytes")
        }

        private struct View: Encodable {
            var releases: Int
            var blobs: Int
            var bytes: UInt64
            var layerTables: Int

            init(_ result: ImageStore.Collection) {
                releases = result.releases
                blobs = result.blobs
                bytes = result.bytes
                layerTables = result.tables
            }
        }
    }
}
