import Testing
import Vocabulary

@testable import Build

@Suite("What a segment holds")
struct SegmentPlanTests {
    private static let text = FileContent("two names")

    /// A file `a/first` of the part init, with other names there and in two other parts.
    private static func root(_ links: [(BytePath, part: Int)]) -> MachineRoot {
        func entry(_ path: BytePath, _ kind: TreeEntry.Kind, part: Int) -> PlacedEntry {
            let entry = TreeEntry(path: path, kind: kind, permissions: kind == .directory ? 0o755 : 0o640, owner: 7)
            return PlacedEntry(entry: entry, part: part)
        }
        var entries = [entry("a", .directory, part: 1), entry("a/first", .file(text), part: 1)]
        entries += links.map { entry($0.0, .hardLink(to: "a/first"), part: $0.part) }
        return MachineRoot(
            parts: [.boot] + ["init", "services/web", "files"].map { MachineRoot.Part(name: $0) },
            entries: entries.sorted { $0.entry.path < $1.entry.path },
            kernel: nil,
            commandLine: "",
            microcode: nil
        )
    }

    private func files(_ plan: SegmentPlan) -> [NewcEntry] { plan.items.filter { $0.content != nil }.map(\.entry) }

    @Test("names of a file in one part are one file there; in another part they are another, with the same content")
    func links() throws {
        let plans = try SegmentPlan.plans(
            of: Self.root([("a/second", 1), ("a/third", 2), ("a/fourth", 2), ("a/fifth", 3)])
        )
        #expect(plans.map(\.part) == ["init", "services/web", "files"])
        #expect(plans.map { files($0).count } == [1, 1, 1])
        #expect(
            plans.flatMap(files).map { [$0.path] + $0.hardLinks } == [
                ["a/first", "a/second"], ["a/fourth", "a/third"], ["a/fifth"],
            ]
        )
        for plan in plans {
            let file = try #require(plan.items.first { $0.content != nil })
            #expect(file.content == Self.text)
            #expect(file.entry.owner == 7 && file.entry.permissions == 0o640)
            // Each can be unpacked by itself.
            #expect(plan.items.first?.entry.path == "a")
        }
    }

    @Test("the files of each large layer are a segment of their own, behind the directories of the whole part")
    func layers() throws {
        func content(_ layer: String, _ text: String, size: UInt64) -> FileContent {
            let id = LayerID(Digest(of: Array(layer.utf8)))
            return FileContent(digest: Digest(of: Array(text.utf8)), size: size, place: .layer(id, offset: 0))
        }
        let half = SegmentPlan.smallestOwn / 2
        let kinds: [(BytePath, TreeEntry.Kind)] = [
            ("a", .directory),
            ("a/first", .file(content("lower", "1", size: half))),
            ("a/link", .symbolicLink(target: "first")),
            ("b", .directory),
            ("b/made", .file(FileContent("made"))),
            ("b/other", .file(content("upper", "2", size: half * 2))),
            ("b/same", .hardLink(to: "a/first")),
            ("b/second", .file(content("lower", "3", size: half))),
            ("b/small", .file(content("top", "4", size: half * 2 - 1))),
        ]
        let root = MachineRoot(
            parts: [.boot, MachineRoot.Part(name: "init")],
            entries: kinds.map { PlacedEntry(entry: TreeEntry(path: $0, kind: $1, permissions: 0o755), part: 1) },
            kernel: nil,
            commandLine: "",
            microcode: nil
        )
        let plans = try SegmentPlan.plans(of: root)
        #expect(plans.map(\.part) == ["init", "init/1", "init/2"])
        #expect(
            plans.map { $0.items.map(\.entry.path) } == [
                ["a", "a/link", "b", "b/made", "b/small"], ["b/other"], ["a/first", "b/second"],
            ]
        )
        #expect(plans[2].items[0].entry.hardLinks == ["b/same"])
    }

    @Test("another name in another part changes that part's segment and no other")
    func keys() throws {
        func keys(_ links: [(BytePath, part: Int)]) throws -> [String: Digest] {
            let plans = try SegmentPlan.plans(of: Self.root(links))
            return Dictionary(
                uniqueKeysWithValues: plans.map {
                    ($0.part, $0.key(compression: SegmentCompression(.zstd, isCompact: false)))
                }
            )
        }
        let before = try keys([("a/second", 1), ("a/third", 2)])
        let after = try keys([("a/second", 1), ("a/third", 2), ("a/fourth", 2)])
        #expect(before["init"] == after["init"] && before["services/web"] != after["services/web"])
    }
}
