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
    static let keepsDirectory: Set = [
        "addbinds", "containerd-debug", "dm-crypt", "docker", "getty", "linuxkit", "volumes",
    ]

    @Test("all sixteen are there")
    func count() { #expect(LinuxKitExamples.names.count == 16) }

    @Test("LinuxKit's tree and runtime specifications", arguments: LinuxKitExamples.names)
    func build(_ name: String) async throws {
        let contents = try LinuxKitExamples.contents.get()
        let directory = LinuxKitExamples.directory.appending(path: name)
        let text = try String(contentsOf: directory.appending(path: "\(name).yml"), encoding: .utf8)
        var definition = try Definition(reading: [Definition.Source(path: "\(name).yml", text: text)])
        let theirs = try CorpusTree(directory: directory)
        for file in definition.files {
            guard case .metadata(let format) = file.content else { continue }
            let digest = Digest(of: definition.metadata(format)).hex
            #expect(theirs.lines[file.path]?.hasSuffix(" \(digest)") == true, "\(file.path)")
        }
        // A file of the host that is not in the corpus: what it holds is left open.
        var missing: Set<String> = []
        for (index, file) in definition.files.enumerated() {
            guard case .source = file.content, !file.isOptional else { continue }
            definition.files[index].content = .text("")
            missing.insert(file.path)
        }
        if !missing.isEmpty { missing.formUnion(definition.files.filter(\.isMetadata).map(\.path)) }
        let root = try await MachineRootBuilder.build(definition, contents: contents)
        let expected = Self.keepsDirectory.contains(name) ? ["etc": "d 755 0 0 - - → d 700 0 0 - -"] : [:]
        var differences = try CorpusTree(root, contents: contents).differences(from: theirs)
        for path in missing { #expect(differences.removeValue(forKey: path) != nil) }
        #expect(differences == expected)
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

extension FileEntry {
    fileprivate var isMetadata: Bool { if case .metadata = content { true } else { false } }
}
