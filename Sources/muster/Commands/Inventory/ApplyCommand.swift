import ArgumentParser
import Control
import Foundation
import Inventory

/// `muster apply`
struct ApplyCommand: ChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Make the inventory what YAML files say; prints the difference.",
        discussion:
            "All of it is applied, or nothing. With --dry-run the exit status is 2 if it would change something."
    )

    @Option(name: .shortAndLong, help: .init("A file, or a directory of .yml and .yaml files; - reads standard input."))
    var file: [String]

    @Flag(help: "Only print what would change.")
    var dryRun = false

    @OptionGroup var change: ChangeOptions
    @OptionGroup var common: CommonOptions

    /// More after `-f`: `muster apply -f a.yml b.yml`.
    @Argument(help: .hidden)
    var more: [String] = []

    func run(_ client: ControlClient) async throws {
        let documents = try (file + more).flatMap(Self.documents)
        let report: ApplyReport = try await client.post(
            "/v1/apply",
            ApplyRequest(documents: documents, definitions: try Self.definitions(of: documents), dryRun: dryRun)
        )
        if common.json {
            try Terminal.print(json: report)
        } else {
            show(report)
        }
        if dryRun, report.wouldChange { throw ExitCode(2) }
    }

    private func show(_ report: ApplyReport) {
        for change in report.changes where change.action != .unchanged {
            Terminal.print("\(change.action.rawValue) \(change.kind) \(change.name)")
            for line in change.difference { Terminal.print("  " + Table.printable(line)) }
        }
        for note in report.notes { Terminal.print(note) }
        let changed = report.changes.count { $0.action != .unchanged }
        let unchanged = report.changes.count - changed
        Terminal.print("\(changed) \(dryRun ? "would change" : "changed"), \(unchanged) unchanged")
    }

    /// The LinuxKit YAML that profiles are built of: it lies beside the file, and the server builds from what is sent.
    private static func definitions(of documents: [ApplyRequest.Document]) throws -> [ApplyRequest.Document] {
        var paths: [String] = []
        for document in documents where document.text.contains("Profile") {
            // What is wrong with a document is the server's to say, for all of them at once.
            for resource in ResourceFile.check([.init(path: document.source, text: document.text)]).resources {
                guard case .profile(let profile) = resource, case .definitions(let named) = profile.image else {
                    continue
                }
                paths += named.filter { profile.definitions[$0] == nil && !paths.contains($0) }
            }
        }
        return try paths.map { path in
            guard let source = try ResourceFile.read([path]).first else { throw ClientError("\(path) is no file") }
            return ApplyRequest.Document(source: path, text: source.text)
        }
    }

    /// The documents of a file, of a directory's files in the order of their names, or of standard input.
    private static func documents(_ path: String) throws -> [ApplyRequest.Document] {
        if path == "-" {
            let text = String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self)
            return [ApplyRequest.Document(source: "standard input", text: text)]
        }
        let sources = try ResourceFile.read([path])
        guard !sources.isEmpty else { throw ClientError("\(path) has no .yml or .yaml file") }
        return sources.map { ApplyRequest.Document(source: $0.path, text: $0.text) }
    }
}
