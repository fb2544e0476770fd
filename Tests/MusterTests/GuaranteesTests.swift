import Foundation
import Testing

/// What docs/guarantees.md calls a proof is one that exists.
@Suite("Guarantees and their tests")
struct GuaranteesTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test("each test that docs/guarantees.md names is there")
    func named() throws {
        let document = try String(contentsOf: Self.root.appendingPathComponent("docs/guarantees.md"), encoding: .utf8)
        let names = document.matches(of: /`([A-Z][A-Za-z]*Tests|Checker(?:\+[A-Z][a-z]+)?)(?:\.([a-zA-Z]+))?`/)
        #expect(names.count > 60)
        let sources = try Self.sources()
        for name in names {
            let (suite, function) = (String(name.output.1), name.output.2.map(String.init))
            let found = sources.filter { $0.name == suite || $0.text.contains("struct \(suite) {") }
            #expect(!found.isEmpty, "there is no \(suite)")
            guard let function else { continue }
            #expect(found.contains { $0.text.contains("func \(function)(") }, "\(suite) has no test \(function)")
        }
    }

    private static func sources() throws -> [(name: String, text: String)] {
        let folder = root.appendingPathComponent("Tests")
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        return try files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }.map { file in
            (file.deletingPathExtension().lastPathComponent, try String(contentsOf: file, encoding: .utf8))
        }
    }
}
