import Foundation
import Testing
import Vocabulary

@testable import Build

/// The examples of `boot/examples`, which cover every key that LinuxKit's own use, built as far as their trees. Stand-ins
/// take the place of the images that they name; what comes out was read by a person once.
@Suite("Corpus: examples of our own")
struct OwnExampleTests {
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardizedFileURL
    private static let names = ["minimal", "store", "web"]
    private static let contents = Result { try CorpusContents(archives: Probe.directory.appending(path: "images")) }

    /// Every image is one of the fixtures'.
    private struct StandIns: LayerContents {
        let contents: CorpusContents

        func image(_ reference: ImageReference) async throws -> ContainerImage {
            let name = reference.description
            let part = name.contains("/kernel:") ? "kernel" : name.contains("/init:") ? "init" : "hello"
            var image = try await contents.image(ImageReference("peer/\(part):1")!)
            image.reference = reference
            return image
        }

        func table(of layer: LayerBlob) async throws -> LayerTable { try await contents.table(of: layer) }

        func table(of archive: FileContent, named name: String) async throws -> LayerTable {
            try await contents.table(of: archive, named: name)
        }

        func bytes(of content: FileContent, limit: Int) async throws -> [UInt8] {
            try await contents.bytes(of: content, limit: limit)
        }
    }

    @Test("there is an expectation for each")
    func all() throws {
        let files = try FileManager.default.contentsOfDirectory(
            atPath: Self.repository.appending(path: "boot/examples").path
        )
        #expect(files.filter { $0.hasSuffix(".yml") }.sorted() == Self.names.map { "\($0).yml" })
    }

    /// The tree and the specifications, a line for each path and each value.
    static func lines(of name: String) async throws -> [String] {
        let path = repository.appending(path: "boot/examples/\(name).yml").path
        let text = try String(contentsOfFile: path, encoding: .utf8)
        var definition = try Definition(
            reading: [Definition.Source(path: "\(name).yml", text: text)],
            variables: Variables(["site": "www.example.org", "greeting": "Hello"])
        )
        // Files of whoever builds are not the same everywhere.
        for (index, file) in definition.files.enumerated() {
            if case .source = file.content { definition.files[index].content = .text("of the host\n") }
        }
        let contents = try contents.get()
        let root = try await MachineRootBuilder.build(definition, contents: StandIns(contents: contents))
        return try CorpusTree(root, contents: contents).lines.map { "\($0.key)\t\($0.value)" }.sorted()
    }

    @Test("trees and runtime specifications", arguments: names)
    func build(_ name: String) async throws {
        let expected = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
            .appending(path: "examples/\(name).tsv")
        let recorded = try String(contentsOf: expected, encoding: .utf8).split(separator: "\n").map(String.init)
        let differences = try await Self.lines(of: name).difference(from: recorded)
        #expect(differences.isEmpty, "\(differences.map { "\($0)" }.joined(separator: "\n"))")
    }

    /// In the orders of `datacenter/resources.yml`, with everything that an operator may add.
    @Test(
        "the datacenter's fragments merge into each role, of images that have recipes",
        arguments: [["dns", "etcd", "server"], ["docker", "client"]]
    )
    func datacenter(_ role: [String]) throws {
        let operators = ["nomad", "consul", "vault"]
        let files = (["base", "hardware", "monitoring"] + role + operators).map {
            Self.repository.appending(path: "boot/examples/datacenter/\($0).yml").path
        }
        let values = Dictionary(uniqueKeysWithValues: operators.map { ("\($0)Image", "oci-archive:\($0).tar") })
        let definition = try Definition(files: files, variables: Variables(values))
        let containers = definition.onboot + definition.services
        let images = [definition.kernel?.image] + definition.initImages.map(\.image) + containers.map(\.image)
        var places: [String] = []
        for image in images.compactMap(\.self) {
            guard case .docker(let reference) = image else {
                places.append("\(image)")
                continue
            }
            #expect(reference.registry == DockerReference.localRegistry)
            let recipe = "boot/images/\(reference.repository):\(reference.tag ?? "latest")"
            let path = Self.repository.appending(path: recipe).path
            for architecture in [Architecture.amd64, .arm64] {
                #expect(try PackageRecipe.read(directory: path, architecture: architecture).count == 1, "\(recipe)")
            }
        }
        #expect(places == operators.map { "oci-archive:\($0).tar" })
    }

    @Test("a volume may have an empty name, as in LinuxKit")
    func namelessVolume() async throws {
        let definition = try Definition(reading: [Definition.Source(path: "f", text: "volumes: [{}, {name: b}]")])
        let contents = try Self.contents.get()
        let root = try await MachineRootBuilder.build(definition, contents: StandIns(contents: contents))
        let paths = root.entries.map { String(decoding: $0.entry.path.bytes, as: UTF8.self) }
        let parts = ["lower", "merged", "tmp"]
        let volumes = parts.map { "containers/volumes/\($0)" } + parts.map { "containers/volumes/b/\($0)" }
        #expect(Set(paths).isSuperset(of: volumes))
        #expect(paths.allSatisfy { !$0.contains("//") && !$0.hasSuffix("/") })
    }
}
