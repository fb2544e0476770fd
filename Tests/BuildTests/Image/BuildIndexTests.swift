import Foundation
import Testing
import Vocabulary

@testable import Build

@Suite("Images that were built before")
struct BuildIndexTests {
    let images: FixtureImages
    let data: TemporaryDirectory
    let builder: ImageBuilder

    init() throws {
        images = try FixtureImages.machine()
        data = try TemporaryDirectory()
        builder = try ImageBuilder(dataDirectory: data.path, source: images)
    }

    private func request(_ text: String = FixtureImages.definition) throws -> BuildRequest {
        var request = try BuildRequest(text)
        request.needsRoot = false
        return request
    }

    /// As if every layer were known: nothing is unpacked because of them.
    private func keepNamesOfTables() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: data.path("layers"))
        try images.removeLayers()
        for name in names { try Data().write(to: URL(filePath: data.path("layers/\(name)"))) }
    }

    @Test("the same again is found: no layer and no table is looked at, and the same is said")
    func found() async throws {
        var capable = TarArchive()
        capable.add("bin/ping", contents: [1], attributes: [("security.capability", [1, 0, 0, 2])])
        try images.add("setup:1", capable)
        let first = try await builder.build(try request()).manifest
        try keepNamesOfTables()
        let events = ImageBuilderTests.Events()
        var again = try request()
        again.name = try ImageName("web")
        #expect(try await builder.build(again, observe: events.observe).manifest == first)
        #expect(events.stored.count == first.initrd.count - 1 && events.stored.values.allSatisfy(\.self))
        let warnings = events.all.compactMap { if case .warning(let text) = $0 { text } else { nil } }
        #expect(warnings.count == 1 && warnings[0].contains("bin/ping"))
        let named = try ImageStore(dataDirectory: data.path).named(try ImageName("web"))
        #expect(named?.current.images == ["amd64": first.digest])
    }

    @Test("where the root is needed it is put together again")
    func root() async throws {
        let first = try await builder.build(try request())
        let again = try await builder.build(try BuildRequest())
        #expect(again.manifest == first.manifest)
        #expect(again.root.parts.count > 1)
    }

    @Test(
        "an image of which something is gone is made again, and so is one of which the note is damaged",
        arguments: ["a blob", "the manifest", "the note", "half of the note"]
    )
    func gone(what: String) async throws {
        let first = try await builder.build(try request()).manifest
        let note = try #require(FileManager.default.contentsOfDirectory(atPath: data.path("builds")).first)
        switch what {
        case "a blob":
            try FileManager.default.removeItem(atPath: data.path("blobs/sha256/\(first.initrd[4].digest.hex)"))
        case "the manifest": try FileManager.default.removeItem(atPath: data.path("blobs/sha256/\(first.digest.hex)"))
        case "the note": try FileManager.default.removeItem(atPath: data.path("builds/\(note)"))
        default:
            let url = URL(filePath: data.path("builds/\(note)"))
            try Data(contentsOf: url).dropLast(20).write(to: url)
        }
        #expect(try await builder.build(try request()).manifest == first)
        let store = try BlobStore(dataDirectory: data.path)
        for blob in first.blobs { #expect(store.size(of: blob.digest) == blob.size) }
        #expect(store.size(of: first.digest) != nil)
    }

    @Test("what a collection removes is no longer known, and what it keeps is")
    func collected() async throws {
        var kept = try request()
        kept.name = try ImageName("kept")
        let first = try await builder.build(kept).manifest
        let other = FixtureImages.definition.replacing("hello", with: "bye")
        let second = try await builder.build(try request(other)).manifest
        #expect(try FileManager.default.contentsOfDirectory(atPath: data.path("builds")).count == 2)
        // Whoever built lets go of the store some moments after it said what came out.
        let directory = try DataDirectory(data.path("images"))
        while try StoreUse(in: directory, alone: true) == nil { try await Task.sleep(for: .milliseconds(5)) }
        _ = try ImageStore(dataDirectory: data.path).collect(keeping: [])
        #expect(try FileManager.default.contentsOfDirectory(atPath: data.path("builds")).count == 1)
        #expect(try await builder.build(kept).manifest == first)
        #expect(try await builder.build(try request(other)).manifest == second)
    }

    // MARK: The key

    /// A request's key, with `images` and the files of this host as they are now.
    private func key(_ request: BuildRequest, of images: FixtureImages? = nil) async throws -> Digest {
        let contents = try BuildContents(
            source: images ?? self.images,
            dataDirectory: data.path,
            architecture: request.architecture
        ) { _ in }
        return try #require(try await BuildKey.of(request, contents: contents))
    }

    @Test("whatever decides the image is in the key, and where it stands in the text is not")
    func keys() async throws {
        let file = data.path("host-file")
        let text = FixtureImages.definition + "\n  - {path: etc/host, source: \(file), optional: true}\n"
        let base = try request(text)
        var keys: Set<Digest> = [try await key(base)]
        #expect(try await key(try request("\n# a remark\n" + text)) == keys.first)
        func expectAnother(_ request: BuildRequest, _ what: String) async throws {
            #expect(keys.insert(try await key(request)).inserted, "\(what)")
        }
        try Data("one".utf8).write(to: URL(filePath: file))
        try await expectAnother(base, "a file that was missing")
        try Data("two".utf8).write(to: URL(filePath: file))
        try await expectAnother(base, "a file's contents")
        for (old, new) in [
            ("0644", "0600"), ("hello", "hell\u{f3}"), ("hello", "hello\u{301}"), ("readonly: true", "readonly: false"),
            ("console=ttyS0", "console=ttyS1"), ("name: second", "name: third"), ("[base:1]", "[base:1, setup:1]"),
            ("onboot:", "onshutdown:"), ("init:", "muster: {kernel: {initrd: gzip}}\ninit:"),
            ("readonly: true", "readonly: true\n    sysctl: {a: b, c: d}"),
            ("readonly: true", "readonly: true\n    sysctl: {a: d, c: b}"),
            ("readonly: true", "readonly: true\n    annotations: {a: b, c: d}"),
        ] {
            #expect(text.contains(old))
            try await expectAnother(try request(text.replacing(old, with: new)), new)
        }
        let settings: [(String, (inout BuildRequest) -> Void)] = [
            ("compact", { $0.isCompact = true }), ("strict", { $0.isStrict = true }),
            ("epoch", { $0.sourceDateEpoch = 0 }), ("another epoch", { $0.sourceDateEpoch = 1 }),
            ("labels", { $0.labels = ["a": "b"] }), ("processor", { $0.architecture = .arm64 }),
        ]
        for (what, change) in settings {
            var changed = base
            change(&changed)
            try await expectAnother(changed, what)
        }
        try images.add("web:1", FixtureImages.web(contents: [1, 2, 3]))
        try await expectAnother(base, "an image")
    }

    @Test("a mapping has no order: the same entries are the same key in every process")
    func mappings() {
        // Each has an order of its own.
        let values = (0..<8).map { count in
            var mapping: [String: String] = [:]
            mapping.reserveCapacity(1 << count)
            for name in ["a", "b", "c", "d", "e"] { mapping[name] = name + name }
            return ValueDigest.of(["x": mapping])
        }
        #expect(Set(values).count == 1)
        #expect(ValueDigest.of(["a": "b", "c": "d"]) != ValueDigest.of(["a": "d", "c": "b"]))
        #expect(ValueDigest.of(Int?.none as Any) != ValueDigest.of("nil"))
        #expect(ValueDigest.of(["ab", "c"]) != ValueDigest.of(["a", "bc"]))
    }
}
