import ArgumentParser
import Build
import FoundationEssentials
import Vocabulary

/// `muster build`
struct BuildCommand: AsynchronousCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Make a boot image of LinuxKit YAML. Needs no running server.",
        discussion: """
            Several files are merged in their order. The image is kept in the data directory under its name, as a new \
            release when it changed, and written to --dir in the formats asked for. Container images come from the \
            cache, else from their registries.

            With SOURCE_DATE_EPOCH in the environment no file is younger than that.
            """
    )

    @Argument(help: .init("LinuxKit YAML; - reads standard input.", valueName: "file.yml"))
    var definitions: [String] = []

    @Option(
        help: .init(
            "Have the running server build this profile's image now, ahead of its machines.",
            valueName: "name"
        )
    )
    var profile: String?

    @Option(name: [.customLong("format")], help: .init("Formats, with commas between them.", valueName: "f,…"))
    var formats: [String] = []

    @Option(name: [.customLong("dir")], help: .init("Where the files are written.", valueName: "dir"))
    var directory = "."

    @Option(help: "What the image and its files are called; the last definition's name unless given.")
    var name: String?

    @Option(help: .init("amd64, arm64 or riscv64; this host's unless given.", valueName: "architecture"))
    var arch: String?

    @Option(
        name: [.customLong("set")],
        help: .init("What ${key} in the definitions stands for; may be repeated.", valueName: "key=value")
    )
    var variables: [String] = []

    @Flag(help: "Never touch the network.")
    var offline = false

    @Flag(help: "Ask the registries again, also for what is in the cache.")
    var pull = false

    @Option(
        name: [.customLong("mirror")],
        help: .init("Ask URL before that registry; may be repeated.", valueName: "registry=url")
    )
    var mirrors: [String] = []

    @Option(help: .init("Trust these certificates too (PEM), for registries.", valueName: "file"))
    var certFile: String?

    @Flag(help: "Compress harder: smaller, and slower to build.")
    var compact = false

    @Option(
        help: .init(
            "Let machines fetch the root when they boot, from a small initrd: squashfs or erofs. For big images.",
            valueName: "type"
        )
    )
    var root: RootType?

    @Flag(help: "Refuse what an initrd cannot carry, instead of a warning.")
    var strict = false

    @Flag(help: "Write NAME.spdx.json, a bill of materials in SPDX 2.3.")
    var sbom = false

    @Flag(help: "Only print the merged definition.")
    var dryRun = false

    @OptionGroup var signing: SigningOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if profile != nil {
            guard definitions.isEmpty else {
                throw ValidationError("--profile builds what was applied: expected no files beside it")
            }
            _ = try muster.architecture(named: arch)
            return
        }
        guard !definitions.isEmpty else { throw ValidationError("expected a definition, or --profile") }
        if pull, offline { throw ValidationError("--pull asks the registries, and --offline forbids it") }
        if definitions.count(where: { $0 == "-" }) > 1 { throw ValidationError("standard input can be read once") }
        if sbom, root != nil {
            throw ValidationError(
                "--sbom looks into the initrd, and with --root what is installed is not there: "
                    + "make the bill of materials without --root, of the same definition"
            )
        }
        try signing.validate()
        _ = try architecture()
        _ = try declared()
        _ = try outputs()
        _ = try registryConfiguration()
        if let name {
            do { _ = try ImageName(name) } catch { throw ValidationError("--name: \(error)") }
        } else if definitions.last == "-" {
            throw ValidationError("standard input has no name: say with --name what the image is called")
        }
        _ = try sourceDateEpoch()
    }

    func run() async throws {
        if let profile { return try await build(profile: profile) }
        do {
            let definition = try Definition(files: definitions, variables: try declared())
            if dryRun {
                let text = definition.metadata(common.json ? .json : .yaml)
                return Terminal.print(String(decoding: text, as: UTF8.self), terminator: common.json ? "\n" : "")
            }
            try await build(definition)
        } catch let error as DefinitionError {
            // As editors read it: FILE:LINE:COLUMN: first on its line.
            Terminal.write(error: error.description + "\n")
            throw ExitCode(1)
        }
    }

    // MARK: What the flags say

    /// What the files are called.
    var outputName: String {
        if let name { return name }
        let file = definitions[definitions.count - 1].split(separator: "/").last.map(String.init) ?? ""
        for suffix in [".yml", ".yaml", ".json"] where file.hasSuffix(suffix) && file.count > suffix.count {
            return String(file.dropLast(suffix.count))
        }
        return file
    }

    func architecture() throws -> Architecture {
        try muster.architecture(named: arch) ?? .host
    }

    func declared() throws -> Variables {
        var values: [String: String] = [:]
        for variable in variables {
            guard let equals = variable.firstIndex(of: "="), VariableName.isValid(variable[..<equals]) else {
                throw ValidationError("found '\(variable)' for --set, expected key=value")
            }
            values[String(variable[..<equals])] = String(variable[variable.index(after: equals)...])
        }
        return Variables(values)
    }

    func outputs() throws -> [any ImageFormat] { try imageFormats(named: formats) }

    /// What is configured, with this command line's mirrors and authorities in front of it.
    func registryConfiguration(over configured: RegistryConfiguration = .init()) throws -> RegistryConfiguration {
        var configuration = configured
        if let certFile { configuration.authorities = certFile }
        var added: [String: [String]] = [:]
        for mirror in mirrors {
            guard let equals = mirror.firstIndex(of: "="), equals != mirror.startIndex else {
                throw ValidationError(
                    "found '\(mirror)' for --mirror, expected registry=url, such as docker.io=https://…"
                )
            }
            let url = String(mirror[mirror.index(after: equals)...])
            added[String(mirror[..<equals]), default: []].append(url)
        }
        for (host, mirrors) in added {
            configuration.hosts[host, default: .init()].mirrors.insert(contentsOf: mirrors, at: 0)
        }
        return configuration
    }
}
