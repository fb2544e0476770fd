import StrictYAML
import Testing

@testable import Build

@Suite("Image labels")
struct ImageLabelTests {
    private let image = ImageReference("peer/a:1")!

    private func label(_ text: String) throws -> ContainerSettings { try ContainerSettings(label: text, of: image) }

    /// What an entry says over what the label says.
    private func merge(_ entry: String, _ label: String) throws -> ContainerSettings {
        let text = "services:\n- name: a\n  image: a\n" + entry.split(separator: "\n").map { "  \($0)\n" }.joined()
        let definition = try Definition(reading: [Definition.Source(path: "f", text: text)])
        return try #require(definition.services.first).settings.over(self.label(label))
    }

    @Test("JSON and YAML")
    func forms() throws {
        let json = try label(#"{"binds": ["/a:/b"], "capabilities": ["CAP_CHOWN"], "runtime": {"mkdir": ["x"]}}"#)
        let yaml = try label("binds: [/a:/b]\ncapabilities: [CAP_CHOWN]\nruntime:\n  mkdir:\n  - x\n")
        #expect(json == yaml)
        #expect(json.binds == [.init(source: "/a", destination: "/b")])
        #expect(try label("{}") == ContainerSettings())
    }

    @Test(
        "what a definition could not say either is refused",
        arguments: [
            (
                "{\"name\": \"a\"}",
                "docker.io/peer/a:1, label org.mobyproject.config:1:2: found 'name' in an image's label"
            ),
            ("image: b", ":1:1: found 'image' in an image's label"),
            ("", "found nothing, expected a container's settings"),
            ("bind: []", ":1:1: found unknown key 'bind'"),
            ("command: a", ":1:10: found 'a', expected a list of texts"),
            ("[]", ":1:1: found a list, expected a mapping"), ("{", "found broken YAML"),
            ("{}\n---\n{}", "found a second document"),
            ("uid: true", ":1:6: found 'true', expected a number, or the name of a container"),
        ]
    )
    func refused(_ text: String, _ expected: String) {
        let error = #expect(throws: DefinitionError.self) { try label(text) }
        #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }

    @Test("a key replaces the label's, an empty list too; what is not said stays")
    func replacing() throws {
        let merged = try merge(
            "env: [A=1]\nbinds: []\nreadonly: false\nuid: 0",
            "{env: [B=2], binds: [/a:/b], readonly: true, uid: 5, cwd: /x}"
        )
        #expect(merged.environment == ["A=1"])
        #expect(merged.binds == [])
        #expect(merged.isReadOnly == false)
        #expect(merged.user == .number(0))
        #expect(merged.workingDirectory == "/x")
    }

    @Test("what is added follows the label's, unless the key itself is given")
    func adding() throws {
        let label = "{capabilities: [CAP_CHOWN], binds: [/a:/b]}"
        let added = try merge("capabilities.add: [CAP_KILL, CAP_CHOWN]\nbinds.add: [/c:/d]", label)
        #expect(added.capabilities == ["CAP_CHOWN", "CAP_KILL", "CAP_CHOWN"])
        #expect(added.binds?.map(\.source) == ["/a", "/c"])
        let both = try merge(
            "capabilities.add: [CAP_KILL]\ncapabilities: [CAP_FOWNER]\nbinds: []\nbinds.add: [/c:/d]",
            label
        )
        #expect(both.capabilities == ["CAP_FOWNER"])
        #expect(both.binds == [])
        #expect(try merge("binds.add: [/c:/d]", "{}").binds?.map(\.source) == ["/c"])
        #expect(try merge("", "{capabilities.add: [ALL]}").capabilities == ["all"])
    }

    @Test("`all` and `none` stand alone, in label and definition together")
    func everyCapability() throws {
        func specification(_ entry: String, _ label: String) throws -> SpecificationJSON {
            let place = SourcePlace(path: "f", line: 3, column: 5)
            let settings = try merge(entry, label)
            return try RuntimeSpecification(
                settings: settings,
                configuration: ImageConfiguration(),
                identifiers: [:],
                volumes: [:],
                place: place
            ).json()
        }
        let error = #expect(throws: DefinitionError.self) {
            try specification("capabilities.add: [CAP_KILL]", "{capabilities: [all]}")
        }
        #expect(
            error?.description
                == "f:3:5: found the capability 'all' beside CAP_KILL, expected it alone, in label and definition"
        )
        #expect(throws: DefinitionError.self) { try specification("capabilities.add: [none]", "{capabilities: [all]}") }
        _ = try specification("capabilities: [NONE]", "{capabilities: [all]}")
    }

    @Test("objects replace whole, but the keys of runtime one by one")
    func objects() throws {
        let label =
            "{resources: {memory: {limit: 5}}, sysctl: {a: b}, runtime: {mkdir: [x], cgroups: [y], bindNS: {net: /n, pid: /p}}}"
        let merged = try merge(
            "resources: {pids: {limit: 1}}\nsysctl: {c: d}\nruntime: {mkdir: [], bindNS: {net: /m}}",
            label
        )
        #expect(merged.resources?.memory == nil)
        #expect(merged.kernelParameters == ["c": "d"])
        #expect(merged.runtime?.directories == [])
        #expect(merged.runtime?.controlGroups == ["y"])
        #expect(merged.runtime?.boundNamespaces?.network == "/m")
        #expect(merged.runtime?.boundNamespaces?.processes == "/p")
    }
}
