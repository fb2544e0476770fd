import Foundation
import Testing
import Vocabulary

@testable import Build

@Suite("Collecting what no image needs")
struct CollectionTests {
    let images: FixtureImages
    let data: TemporaryDirectory
    let builder: ImageBuilder
    let store: ImageStore

    init() throws {
        images = try FixtureImages.machine()
        data = try TemporaryDirectory()
        builder = try ImageBuilder(dataDirectory: data.path, source: images)
        store = try ImageStore(dataDirectory: data.path)
    }

    private func build(_ motd: String, name: String? = "machine") async throws -> ImageManifest {
        var request = try BuildRequest(FixtureImages.definition.replacing("hello", with: motd))
        request.name = try name.map { try ImageName($0) }
        return try await builder.build(request).manifest
    }

    private func isWhole(_ manifest: ImageManifest) -> Bool {
        store.blobs.size(of: manifest.digest) != nil
            && manifest.blobs.allSatisfy { store.blobs.size(of: $0.digest) == $0.size }
    }

    @Test("the newest releases of a name stay, and what machines need; the rest goes, with what only it had")
    func collect() async throws {
        let releases = [
            try await build("one"), try await build("two"), try await build("three"), try await build("four"),
        ]
        let unnamed = try await build("nobody", name: nil)
        let expected = try store.collect(keeping: [releases[0].digest], releases: 2, isDryRun: true)
        #expect(isWhole(unnamed))
        let done = try store.collect(keeping: [releases[0].digest], releases: 2)
        #expect(done == expected)
        // Of two images the manifest and the files' segment, and the rest is shared.
        #expect(done.releases == 1 && done.blobs == 4)
        #expect(isWhole(releases[0]) && isWhole(releases[2]) && isWhole(releases[3]))
        #expect(!isWhole(releases[1]) && !isWhole(unnamed))
        let named = try #require(try store.named(try ImageName("machine")))
        #expect(named.releases.map(\.number) == [1, 3, 4])
        #expect(try FileManager.default.contentsOfDirectory(atPath: data.path("segments")).count == 1 + 9)
        #expect(try store.collect(keeping: [releases[0].digest], releases: 2) == ImageStore.Collection())
        #expect(try await build("two") == releases[1])
        #expect(isWhole(releases[1]))
    }

    @Test("nothing is collected while somebody builds")
    func busy() async throws {
        let use = try store.use()
        let error = #expect(throws: BuildError.self) { try store.collect(keeping: []) }
        #expect(error?.code == .unavailable)
        use.end()
        _ = try store.collect(keeping: [])
    }
}
