import Foundation
import Testing

@testable import Build

/// Definitions and labels that somebody broke: they end in errors, in time, and nothing else.
@Suite("Definitions: fuzzing")
struct DefinitionFuzzTests {
    static let count = ProcessInfo.processInfo.environment["MUSTER_LONG"] == "1" ? 100_000 : 4_000

    /// What a mutation puts in: pieces of YAML's grammar, and values at the edges of what readers expect.
    private static let pieces = [
        "&a ", "*a", "*a *a", "<<: *a", "<<: [*a, *a]", "- ", "? ", ": ", "\n", "\n  ", "\t", "{", "}", "[", "]", ",",
        "|\n", ">-\n",
        "'", "\"", "\\u0000", "\\x", "#", "%YAML 1.1\n", "---\n", "...\n", "!!binary ", "!!int ", "!x ", "~", "null",
        "true", "yes",
        "0x7fffffffffffffff", "99999999999999999999999999999999999999999", "-1", "1e400", ".nan", "0777", "${x}",
        "${x:-",
        "$${", "${", "\u{0}", "\u{FEFF}", "\u{2028}", "é", "e\u{301}", "\u{10FFFF}", "name: ", "image: ", "files:\n",
        "services:\n",
        "binds: [\"a:b:c\"]", "rlimits: [\"nofile,1,2\"]", "uid: ", "mode: \"", "path: ../", "CAP_ALL", "@pkg:x",
        "oci:", "a@sha256:",
        "[[[[[[[[[[[[[[[[", "{a: {a: {a: {a: ", "capabilities.add: [all]", "\r", "\r\n",
    ]

    private static let labels = [
        #"{"capabilities": ["CAP_SYS_ADMIN"], "binds": ["/dev:/dev"], "runtime": {"mkdir": ["/var/x"]}}"#,
        "binds:\n - /var:/var\ncapabilities.add: [all]\nresources:\n  memory: {limit: 5}\n",
    ]

    private static func mutated(_ text: String, other: String, with random: inout SeededGenerator) -> String {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let place = Int.random(in: 0...bytes.count, using: &random)
            let end = min(bytes.count, place + Int.random(in: 0...12, using: &random))
            switch Int.random(in: 0..<7, using: &random) {
            case 0: bytes.removeSubrange(place..<end)
            case 1: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 2: bytes.insert(contentsOf: pieces.randomElement(using: &random)!.utf8, at: place)
            case 3: if place < end { bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
            case 4: bytes = Array(bytes[..<place])
            case 5:
                let cut = Array(other.utf8)
                bytes.insert(contentsOf: cut.suffix(Int.random(in: 0...cut.count, using: &random)), at: place)
            default: if place < end { bytes[place] = UInt8.random(in: 0...127, using: &random) }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("broken definitions end in errors with places, or are what they say when they are written again")
    func definitions() throws {
        var random = SeededGenerator(seed: 1)
        let texts = Probe.all.flatMap { $0.sources.map(\.text) } + Self.labels
        var accepted = 0
        for _ in 0..<Self.count {
            let text = Self.mutated(
                texts.randomElement(using: &random)!,
                other: texts.randomElement(using: &random)!,
                with: &random
            )
            let variables = Variables(["x": Self.pieces.randomElement(using: &random)!])
            do {
                let definition = try Definition(reading: [.init(path: "f", text: text)], variables: variables)
                accepted += 1
                let yaml = definition.metadata(.yaml)
                let again = try Definition(reading: [.init(path: "g", text: String(decoding: yaml, as: UTF8.self))])
                try #require(again.metadata(.yaml) == yaml, "\(text)")
                _ = definition.metadata(.json)
            } catch {
                try #require(error is DefinitionError, "\(error)")
                let problems = (error as! DefinitionError).problems
                try #require(
                    !problems.isEmpty && problems.allSatisfy { $0.place.path == "f" && $0.place.line >= 0 },
                    "\(text)\n\(error)"
                )
            }
        }
        #expect(accepted > Self.count / 50, "too few to say anything: \(accepted)")
    }

    @Test("broken labels end in errors")
    func labels() throws {
        var random = SeededGenerator(seed: 2)
        let image = try #require(ImageReference("a"))
        var accepted = 0
        for _ in 0..<Self.count {
            let text = Self.mutated(
                Self.labels.randomElement(using: &random)!,
                other: Self.labels.randomElement(using: &random)!,
                with: &random
            )
            do {
                let settings = try ContainerSettings(label: text, of: image)
                _ = settings.over(settings).over(ContainerSettings())
                accepted += 1
            } catch {
                try #require(!error.problems.isEmpty)
            }
        }
        #expect(accepted > Self.count / 50, "too few to say anything: \(accepted)")
    }

    @Test("broken references are references that say themselves, or none")
    func references() throws {
        var random = SeededGenerator(seed: 3)
        let names = [
            "docker.io/library/alpine:3.21", "localhost:5000/a@sha256:" + String(repeating: "0", count: 64),
            "oci:dir:name",
            "[::1]:5/a:b", "docker-archive:x.tar:a:b", "dir:/x", "docker://a/b:c",
        ]
        for _ in 0..<Self.count {
            let text = Self.mutated(
                names.randomElement(using: &random)!,
                other: names.randomElement(using: &random)!,
                with: &random
            )
            guard let reference = ImageReference(text) else { continue }
            try #require(ImageReference(reference.description) == reference, "\(text)")
        }
    }
}
