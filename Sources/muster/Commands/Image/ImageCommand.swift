import ArgumentParser
import Build
import Control
import Vocabulary

/// `muster image`
struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image",
        abstract: "Boot images: what machines run. Needs no running server.",
        subcommands: [List.self, Inspect.self, Diff.self, Import.self, Export.self, Push.self, Pull.self, Collect.self]
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

extension Architecture {
    /// This host's.
    static var host: Architecture {
        #if arch(arm64)
        .arm64
        #elseif arch(riscv64)
        .riscv64
        #else
        .amd64
        #endif
    }
}

extension CommonOptions {
    /// The images of the configured data directory.
    func imageStore() throws -> ImageStore {
        try ImageStore(dataDirectory: load().configuration.data)
    }
}
