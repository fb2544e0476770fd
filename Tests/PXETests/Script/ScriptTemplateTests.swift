import Foundation
import Testing
import Vocabulary

@testable import PXE

@Suite("Script templates")
struct ScriptTemplateTests {
    static let valid = "#!ipxe\necho {{line}}\nsleep {{seconds}} ||\nchain {{again}}\n"

    private func parse(
        _ text: String,
        kind: ScriptKind = .pause,
        dialect: BootRequest.Dialect = .ipxe
    ) throws(ScriptTemplateError) -> ScriptTemplate {
        try ScriptTemplate(parsing: Array(text.utf8), file: "t", kind: kind, dialect: dialect)
    }

    @Test(
        "109: what iPXE or a machine could misread is refused with its place",
        arguments: [
            ("echo {{line}}\n", "t:1:1: expected the first line to be #!ipxe"),
            ("#!ipxe\r\necho {{line}}\n", "t:1:1: expected the first line to be #!ipxe"),
            ("\u{feff}#!ipxe\necho {{line}}\n", "t:1:1: expected the first line to be #!ipxe"),
            ("#!ipxe \necho {{line}}\n", "t:1:1: expected the first line to be #!ipxe"),
            ("#!ipxe\necho a\r\n", "t:2:7: found the control character 0x0d, expected text"),
            (
                "#!ipxe\n\necho {{nmae}}\n",
                "t:3:6: found {{nmae}}, expected one of again, line, mac, seconds, url"
            ),
            ("#!ipxe\necho {{line\n", "t:2:6: found {{ without }} after it"),
            ("#!ipxe\necho line}}\n", "t:2:10: found }} without {{ before it"),
            ("#!ipxe\n{{line}}\n", "t:2:1: {{line}} cannot be a command: expected a word before it"),
            ("#!ipxe\n  {{line}}\n", "t:2:3: {{line}} cannot be a command: expected a word before it"),
            ("#!ipxe\necho ${{line}}\n", "t:2:7: expected a blank before {{line}}"),
            ("#!ipxe\necho a={{line}}\n", "t:2:8: expected a blank before {{line}}"),
            ("#!ipxe\necho {{line}}{{line}}\n", "t:2:14: expected a blank or the end of the line after {{line}}"),
            ("#!ipxe\necho {{line}}/x\n", "t:2:14: expected a blank or the end of the line after {{line}}"),
            (
                "#!ipxe\necho {{line}}\nsleep {{seconds}}\n",
                "t: {{again}} is missing: a machine would be stranded without it. The built-in template has it in the "
                    + "line: chain --replace --autofree {{again}} || goto again"
            ),
        ]
    )
    func refused(text: String, message: String) {
        let error = #expect(throws: ScriptTemplateError.self) { try parse(text) }
        #expect(error?.description == message)
    }

    @Test("one that was made before there were machine segments is refused with the line that it lacks")
    func segment() {
        let line = "initrd --name segment {{segment}} || goto failed"
        let text = BuiltInTemplate.text(.boot, .ipxe).replacing(line + "\n", with: "")
        let error = #expect(throws: ScriptTemplateError.self) {
            try ScriptTemplate(parsing: Array(text.utf8), file: "boot.ipxe", kind: .boot, dialect: .ipxe)
        }
        #expect(error?.description.hasPrefix("boot.ipxe: {{segment}} is missing") == true)
        #expect(error?.description.hasSuffix("in the line: " + line) == true)
    }

    @Test("a path may follow the boot plane's URL")
    func path() throws {
        let template = try parse(Self.valid + "echo {{url}}/loader/x.efi\n")
        #expect(template.passages.count > 0)
    }

    @Test("an operator's directory replaces one template and keeps the others; the first directory wins")
    func overriding() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "muster-templates-\(UUID())")
        defer { try? FileManager.default.removeItem(at: root) }
        for (name, word) in [("a", "first"), ("b", "second")] {
            let directory = root.appending(path: name)
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            try (Self.valid + "echo \(word)\n").write(
                to: directory.appending(path: "pause.ipxe"),
                atomically: true,
                encoding: .utf8
            )
        }
        let directories = ["a", "b"].map { root.appending(path: $0).path }
        let renderer = ScriptRenderer(templates: try .load(from: directories))
        let text = String(
            decoding: renderer.render(.pause(Pause(lines: ["x"], seconds: 5)), for: .ipxe()),
            as: UTF8.self
        )
        #expect(text.contains("echo first\n"))
        #expect(!text.contains("echo second\n"))
        #expect(renderer.start(for: .ipxe()) == ScriptRenderer().start(for: .ipxe()))
    }

    @Test("a broken template of the operator's names its path and line")
    func broken() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "muster-templates-\(UUID())")
        defer { try? FileManager.default.removeItem(at: directory) }
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let file = directory.appending(path: "boot.ipxe")
        try "#!ipxe\nkernel {{kernle}}\n".write(to: file, atomically: true, encoding: .utf8)
        let error = #expect(throws: ScriptTemplateError.self) { try ScriptTemplates.load(from: [directory.path]) }
        #expect(error?.file == file.path)
        #expect(error?.line == 2 && error?.column == 8)
    }

    @Test("118: an operator's template may start shim before the kernel")
    func shim() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "muster-templates-\(UUID())")
        defer { try? FileManager.default.removeItem(at: directory) }
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let builtIn = BuiltInTemplate.text(.boot, .ipxe)
        let text = builtIn.replacing("boot ||\n", with: "shim {{url}}/loader/shimx64.efi || goto failed\nboot ||\n")
        try text.write(to: directory.appending(path: "boot.ipxe"), atomically: true, encoding: .utf8)
        let renderer = ScriptRenderer(templates: try .load(from: [directory.path]))
        let script = String(decoding: renderer.render(.boot(.sample()), for: .ipxe()), as: UTF8.self)
        #expect(script.contains("shim http://192.0.2.1:8080/loader/shimx64.efi || goto failed\nboot ||\n"))
    }
}
