import ArgumentParser

/// `muster pkg`
struct PkgCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pkg",
        abstract: "Container images out of Debian packages. Needs no running server.",
        subcommands: [Build.self]
    )
}
