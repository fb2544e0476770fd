import Foundation
import Testing

@Suite("Kinds of events")
struct EventKindTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    @Test("docs/events.md lists those that there are, and no other")
    func documented() throws {
        let document = try String(contentsOf: Self.root.appendingPathComponent("docs/events.md"), encoding: .utf8)
        let told = document.matches(of: /(?m)^\| `([a-zA-Z.]+)` \|/).map { String($0.output.1) }
        #expect(Set(told).count == told.count, "a kind is listed twice")
        let kinds = try Self.kinds()
        #expect(kinds.count > 25)
        #expect(Set(told).subtracting(kinds) == [], "documented, and written by nothing")
        #expect(kinds.subtracting(told) == [], "written, and not documented")
    }

    /// The kinds that the sources name.
    private static func kinds() throws -> Set<String> {
        var kinds: Set<String> = []
        for module in ["PXE", "Fleet"] {
            let folder = root.appendingPathComponent("Sources/\(module)")
            let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
            for case let file as URL in files where file.pathExtension == "swift" {
                let text = try String(contentsOf: file, encoding: .utf8)
                // What an alarm is called stands between two words of its kind.
                let named = text.replacing(/EventKind\("alarm\.[^"]*\.([a-z]+)"\)/) {
                    "EventKind(\"alarm.NAME.\($0.output.1)\")"
                }
                for match in named.matches(of: /EventKind\("([a-zA-Z.]+)"\)|"(dhcp\.[a-zA-Z]+\.[a-zA-Z]+)"/) {
                    if let kind = match.output.1 ?? match.output.2 { kinds.insert(String(kind)) }
                }
            }
        }
        return kinds
    }
}
