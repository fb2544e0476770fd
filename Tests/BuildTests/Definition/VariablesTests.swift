import Testing
import Vocabulary

@testable import Build

@Suite("Definitions: variables")
struct VariablesTests {
    private let variables = Variables([
        "name": "web", "empty": "", "id": "7", "a.b-c_d": "x", "money": "$${name}", "flag": "true",
    ])

    @Test(
        "only declared names are replaced",
        arguments: [
            ("${name}", "web"), ("a${name}b${name}", "awebbweb"), ("${a.b-c_d}", "x"), ("[${empty}]", "[]"),
            ("${HOME}", "${HOME}"), ("${x:-y}", "${x:-y}"), ("$name", "$name"), ("${name", "${name"), ("${}", "${}"),
            ("${ name }", "${ name }"), ("${Name}", "${Name}"), ("${name:=y}", "${name:=y}"),
            ("${name[0]}", "${name[0]}"),
            ("$${name}", "${name}"), ("$${HOME}", "${HOME}"), ("$$${name}", "$${name}"), ("$$", "$$"), ("$", "$"),
            ("$$name", "$$name"), ("${${name}}", "${web}"), ("${money}", "$${name}"), ("100$", "100$"),
            ("${name:-y}", "web"), ("${empty:-y}", "y"), ("${empty:-${name}}", "web"), ("${empty:-${x:-y}}", "${x:-y}"),
            ("${empty:-}", ""), ("${empty:-y", "${empty:-y"), ("${name:-${x}}z", "webz"), ("ä${name}ö", "äwebö"),
            ("awk '{print $1}' ${name}", "awk '{print $1}' web"), ("", ""),
        ]
    )
    func replacing(_ text: String, gives expected: String) {
        #expect(variables.replace(in: text) == expected)
    }

    @Test(
        "names",
        arguments: [("a", true), ("_a.b-c", true), ("1a", false), ("", false), ("a b", false), ("ä", false)]
    )
    func names(_ text: String, isName: Bool) {
        #expect(VariableName.isValid(text) == isName)
    }

    private func read(_ text: String) throws -> Definition {
        try Definition(reading: [Definition.Source(path: "f.yml", text: text)], variables: variables)
    }

    @Test("an image whose variable nobody gave a value says how to give it one")
    func unset() {
        let error = #expect(throws: DefinitionError.self) { try read("services: [{name: n, image: '${mine}'}]") }
        #expect("\(error!)".hasPrefix("f.yml:1:29: found '${mine}', expected an image name as registry/repository:tag"))
        #expect("\(error!)".hasSuffix("`--set name=value`, or `vars:` of a profile, gives a variable its value"))
    }

    @Test("a plain value is what its reader expects; a quoted one is text")
    func types() throws {
        let definition = try read(
            """
            services:
            - name: ${name}
              image: peer/${name}:${id}
              uid: ${id}
              hostname: ${id}
              readonly: ${flag}
              net: ${name}
            files:
            - path: a
              contents: ${empty}
              mode: 0${id}00
              gid: ${name}
            """
        )
        let service = try #require(definition.services.first)
        #expect(service.name == "web")
        #expect(service.image.description == "docker.io/peer/web:7")
        #expect(service.settings.user == .number(7))
        #expect(service.settings.hostName == "7")
        #expect(service.settings.network == "web")
        #expect(definition.files.first?.content == .text(""))
        #expect(definition.files.first?.mode == 0o700)
        #expect(definition.files.first?.group == .entry("web"))
        // `"7"` is no number to LinuxKit either.
        #expect(throws: DefinitionError.self) { try read("files: [{path: a, contents: '', uid: \"${id}\"}]") }
    }

    @Test("a value becomes no structure")
    func injection() throws {
        let evil = Variables(["x": "a\nfiles: []", "list": "[a, b]", "comment": "a # b", "anchor": "*a", "key": "b"])
        func read(_ text: String) throws -> Definition {
            try Definition(reading: [Definition.Source(path: "f.yml", text: text)], variables: evil)
        }
        let definition = try read(
            "files:\n- path: a\n  contents: ${x}\n- {path: b, contents: \"${list} ${comment} ${anchor}\"}"
        )
        #expect(definition.files.map(\.content) == [.text("a\nfiles: []"), .text("[a, b] a # b *a")])
        #expect(throws: DefinitionError.self) { try read("services: ${list}") }
        // Two keys that a variable makes one.
        let error = #expect(throws: DefinitionError.self) {
            try read("services: [{name: a, image: a, sysctl: {b: \"1\", \"${key}\": \"2\"}}]")
        }
        #expect(error?.description == "f.yml:1:49: found 'b' twice in one mapping, expected it once")
    }
}
