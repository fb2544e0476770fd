import Foundation
import Testing

@testable import PXE

@Suite("The built-in templates")
struct BuiltInTemplateTests {
    static let directory = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../boot/templates").standardizedFileURL

    @Test("are the files of boot/templates", arguments: ScriptKind.allCases, [BootRequest.Dialect.ipxe, .grub])
    func sameAsFiles(kind: ScriptKind, dialect: BootRequest.Dialect) throws {
        let file = Self.directory.appending(path: kind.fileName(for: dialect))
        #expect(try String(contentsOf: file, encoding: .utf8) == BuiltInTemplate.text(kind, dialect))
    }

    @Test("are all that lies in boot/templates")
    func nothingElse() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.directory.path).sorted()
        let expected = ScriptKind.allCases.flatMap { [$0.fileName(for: .ipxe), $0.fileName(for: .grub)] }
        #expect(names == expected.sorted())
    }

    @Test("load from the directory that holds them")
    func load() throws {
        _ = try ScriptTemplates.load(from: ["/nonexistent", Self.directory.path])
    }
}
