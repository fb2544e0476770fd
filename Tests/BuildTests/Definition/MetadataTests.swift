import Foundation
import StrictYAML
import Testing
import Vocabulary

@testable import Build

@Suite("Definitions: as text")
struct MetadataTests {
    private func read(_ text: String) throws -> Definition {
        try Definition(reading: [Definition.Source(path: "f", text: text)])
    }

    private func text(_ definition: Definition, _ format: FileEntry.MetadataFormat = .yaml) -> String {
        String(decoding: definition.metadata(format), as: UTF8.self)
    }

    @Test("JSON is LinuxKit's, by the digest of its file")
    func json() throws {
        let probe = try #require(Probe.all.first { $0.name == "file-metadata-json" })
        let definition = try Definition(reading: probe.sources)
        let tree = try String(contentsOf: probe.directory.appending(path: "tree.tsv"), encoding: .utf8)
        let row = try #require(tree.split(separator: "\n").first { $0.hasPrefix("a\t") }?.split(separator: "\t"))
        #expect(FileContent(definition.metadata(.json)).digest.hex == row[6])
    }

    @Test("YAML has LinuxKit's form")
    func yaml() throws {
        let definition = try read(
            """
            kernel: {image: "linuxkit/kernel:6.12.59", cmdline: "console=tty0 console=ttyS0", tar: none}
            init: [linuxkit/init:a]
            services:
            - name: a
              image: busybox
              command: ["sh", "-c", "-1", "0644", "yes", "", "a: b", "# c", "1.5", "2001-01-01", "12:30", "line\\nline\\n"]
              env: []
              binds: [vol:/x, "/a:/b:ro,rbind"]
              readonly: true
              uid: 5
              gid: a
            volumes: [{name: vol, image: "alpine:3.21"}, {name: blank}]
            files: [{path: /etc/x, metadata: yaml, mode: "0644"}, {path: d, directory: true}]
            """
        )
        #expect(
            text(definition) == """
                kernel:
                  image: docker.io/linuxkit/kernel:6.12.59
                  cmdline: console=tty0 console=ttyS0
                  tar: none
                init:
                - docker.io/linuxkit/init:a
                onboot: []
                onshutdown: []
                services:
                - name: a
                  image: docker.io/library/busybox
                  binds:
                  - vol:/x
                  - /a:/b:ro,rbind
                  command:
                  - sh
                  - -c
                  - "-1"
                  - "0644"
                  - "yes"
                  - ""
                  - 'a: b'
                  - '# c'
                  - "1.5"
                  - "2001-01-01"
                  - "12:30"
                  - |
                    line
                    line
                  env: []
                  readonly: true
                  uid: 5
                  gid: a
                files:
                - path: /etc/x
                  directory: false
                  metadata: yaml
                  optional: false
                  mode: "0644"
                - path: d
                  directory: true
                  optional: false
                volumes:
                - name: vol
                  image: alpine:3.21
                - name: blank

                """
        )
    }

    @Test("JSON escapes what HTML sees as markup, and knows null from empty")
    func escaping() throws {
        let json = text(
            try read("services: [{name: a, image: b, command: [\"<&>\\n\\\"\\u0001\\u2028ä\"], env: []}]"),
            .json
        )
        #expect(json.contains(#""\u003c\u0026\u003e\n\"\u0001\u2028ä""#))
        #expect(json.contains("\"env\": []"))
        #expect(json.contains("\"onboot\": null"))
        #expect(!json.hasSuffix("\n"))
    }

    @Test("specifications escape in the same way")
    func specificationEscaping() {
        let json = SpecificationJSON.object([
            "<a>": .array([.string("&\n\"\\\u{1}\u{2028}\u{2029}\u{7f}ä")]), "b": .bool(true),
        ])
        let expected =
            "{\n    \"\\u003ca\\u003e\": [\n        \"\\u0026\\n\\\"\\\\\\u0001\\u2028\\u2029\u{7f}ä\"\n    ],\n    \"b\": true\n}"
        #expect(String(decoding: json.bytes, as: UTF8.self) == expected)
    }

    @Test("what was written reads as what it was written from", arguments: Probe.all.filter(\.isAccepted))
    func roundTrip(of probe: Probe) throws {
        guard let definition = try? Definition(reading: probe.sources) else {
            #expect(DefinitionVerdictTests.refusedByUs[probe.name] != nil)
            return
        }
        for format in FileEntry.MetadataFormat.allCases {
            let text = text(definition, format)
            // LinuxKit's JSON has null for empty sections, which neither it nor we read.
            let readable = format == .json ? text.replacing(": null", with: ": []") : text
            let again = try read(readable)
            #expect(self.text(again, format) == text)
            #expect(again.identifiers == definition.identifiers)
            #expect(again.onboot.map(\.settings) == definition.onboot.map(\.settings))
            #expect(again.services.map(\.settings) == definition.services.map(\.settings))
        }
    }
}
