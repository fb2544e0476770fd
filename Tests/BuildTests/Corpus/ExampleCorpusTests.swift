import Foundation
import Testing
import Vocabulary

@testable import Build

/// LinuxKit's own examples, which are not ours to keep: they are read from `../shared`, and without it these tests say that
/// they did not run, except on CI, where they fail.
@Suite(
    "Corpus: LinuxKit's examples",
    .enabled(if: LinuxKitExamples.isRequired, "not run: there is no ../shared/corpus/linuxkit beside the repository")
)
struct ExampleCorpusTests {
    /// A file never changes the mode of a directory that another section made: LinuxKit makes `etc` anew for the files in
    /// it, with their modes.
    static let keepsDirectory: Set = ["addbinds", "dm-crypt", "docker", "getty"]

    static let notBuilt: Set = ["containerd-debug", "linuxkit", "volumes"]

    @Test("all sixteen are there")
    func count() { #expect(LinuxKitExamples.names.count == 16) }

    @Test("LinuxKit's tree and runtime specifications", arguments: LinuxKitExamples.names)
    func build(_ name: String) async throws {
        let contents = try LinuxKitExamples.contents.get()
        let directory = LinuxKitExamples.directory.appending(path: name)
        let text = try String(contentsOf: directory.appending(path: "\(name).yml"), encoding: .utf8)
        let definition = try Definition(reading: [Definition.Source(path: "\(name).yml", text: text)])
        if Self.notBuilt.contains(name) {
            await #expect(throws: DefinitionError.self) {
                try await MachineRootBuilder.build(definition, contents: contents)
            }
            return
        }
        let root = try await MachineRootBuilder.build(definition, contents: contents)
        let theirs = try CorpusTree(directory: directory)
        let expected = Self.keepsDirectory.contains(name) ? ["etc": "d 755 0 0 - - → d 700 0 0 - -"] : [:]
        #expect(try CorpusTree(root, contents: contents).differences(from: theirs) == expected)
    }
}

/// Where the examples are, when they are.
enum LinuxKitExamples {
    static let directory = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../../shared/corpus/linuxkit").standardizedFileURL
    static let names = ((try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? [])
        .filter { $0 != "images" }.sorted()
    static let isRequired = !names.isEmpty || ProcessInfo.processInfo.environment["CI"] == "true"
    static let contents = Result { try CorpusContents(archives: directory.appending(path: "images")) }
}
