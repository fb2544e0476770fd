import Foundation
import Synchronization
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
        let manifest = try await builder.build(request).manifest
        try await untilLetGo()
        return manifest
    }

    /// Whoever built lets go of the store some moments after it said what came out.
    private func untilLetGo() async throws {
        let directory = try DataDirectory(data.path("images"))
        while try StoreUse(in: directory, alone: true) == nil { try await Task.sleep(for: .milliseconds(5)) }
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
        #expect(try FileManager.default.contentsOfDirectory(atPath: data.path("segments")).count == 1 + 10)
        #expect(try store.collect(keeping: [releases[0].digest], releases: 2) == ImageStore.Collection())
        #expect(try await build("two") == releases[1])
        #expect(isWhole(releases[1]))
    }

    @Test("nothing is collected while a build is under way, nor while its image is in somebody's hands")
    func during() async throws {
        let attempts = Mutex<[BuildError.Code?]>([])
        let store = store
        var image: BuiltImage? = try await builder.build(try BuildRequest()) { _ in
            let error = #expect(throws: BuildError.self) { try store.collect(keeping: []) }
            attempts.withLock { $0.append(error?.code) }
        }
        let codes = attempts.withLock { $0 }
        #expect(codes.count > 10 && codes.allSatisfy { $0 == .unavailable })
        let manifest = try #require(image?.manifest)
        #expect(throws: BuildError.self) { try store.collect(keeping: []) }
        #expect(isWhole(manifest))
        image = nil
        try await untilLetGo()
        _ = try store.collect(keeping: [])
        #expect(!isWhole(manifest))
    }

    @Test("whoever collects all the time takes nothing away from those who build, and is not kept off by them")
    func race() async throws {
        let isOver = Mutex(false)
        let collector = Task.detached { [store] in
            var collections = 0
            while !isOver.withLock({ $0 }) {
                if (try? store.collect(keeping: [], releases: 1)) != nil { collections += 1 }
                await Task.yield()
            }
            return collections
        }
        var built: [ImageManifest] = []
        for round in 0..<12 {
            let definition = FixtureImages.definition.replacing("hello", with: "round \(round % 3)")
            var request = try BuildRequest(definition)
            request.name = round % 2 == 0 ? try ImageName("machine") : nil
            do {
                let image = try await builder.build(request)
                #expect(isWhole(image.manifest), "round \(round)")
                if request.name != nil { built.append(image.manifest) }
            } catch let error as BuildError {
                // It began in the middle of a collection, and says so.
                #expect(error.message.contains("are being collected"), "\(error)")
            }
        }
        isOver.withLock { $0 = true }
        _ = await collector.value
        try await untilLetGo()
        _ = try store.collect(keeping: [], releases: 1)
        let named = try store.named(try ImageName("machine"))
        #expect(named?.current.images["amd64"] == built.last?.digest)
        if let last = built.last { #expect(isWhole(last)) }
    }

    @Test("tables of layers go with their layers; those of archives in layers stay with them")
    func tables() async throws {
        let tables = data.path("layers")
        func count() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: tables).count }
        let manifest = try await build("one")
        // Four images with a layer each, and the archive with the kernel's modules.
        #expect(try count() == 5)
        let cache = data.path("cache/blobs/sha256")
        try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: true)
        for layer in try FileManager.default.contentsOfDirectory(atPath: images.directory.path) {
            let path = images.directory.path(layer)
            let digest = Digest(of: try Data(contentsOf: URL(filePath: path)))
            try FileManager.default.copyItem(atPath: path, toPath: "\(cache)/\(digest.hex)")
        }
        #expect(try store.collect(keeping: []).tables == 0)
        #expect(try count() == 5)
        let kernel = try #require(
            await images.image(ImageReference("kernel:1")!, architecture: .amd64) { _ in }.layers.first
        )
        try FileManager.default.removeItem(atPath: "\(cache)/\(kernel.digest.hex)")
        #expect(try store.collect(keeping: [], isDryRun: true).tables == 2)
        #expect(try store.collect(keeping: []).tables == 2)
        #expect(try count() == 3)
        #expect(try await build("one") == manifest)
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
