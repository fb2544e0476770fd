import Foundation
import Testing
import Vocabulary

@testable import Build

@Suite("The container cache")
struct ContainerCacheTests {
    let scratch: TemporaryDirectory
    let cache: ContainerCache
    let layout: LayoutFixture

    init() throws {
        scratch = try TemporaryDirectory()
        cache = try ContainerCache(dataDirectory: scratch.path)
        layout = try LayoutFixture(at: scratch.path("layout"))
    }

    @Test("Loads an OCI archive under its own name, whole, and gives it back", arguments: [[], ["-z"], ["--zstd"]])
    func loading(_ compression: [String]) async throws {
        let manifest = try layout.image(layers: ["one", "two"], labels: ["org.mobyproject.config": "{}"])
        try layout.finish([("example.org/a/web:1", manifest)])
        let loaded = try await cache.load(file: layout.archive(compression))
        #expect(loaded.map(\.name) == ["example.org/a/web:1"] && loaded.map(\.platform) == ["linux/amd64"])
        let image = try await cache.image(DockerReference("example.org/a/web:1")!, architecture: .amd64)
        #expect(image.digest == manifest.digest && image.architecture == .amd64)
        #expect(image.configuration.command == ["/bin/true"] && image.configuration.environment == ["PATH=/bin"])
        #expect(image.configuration.labels == ["org.mobyproject.config": "{}"])
        #expect(try image.layers.map { try String(contentsOfFile: $0.path, encoding: .utf8) } == ["one", "two"])
        let again = try await cache.image(
            DockerReference("example.org/other@\(manifest.digest)")!,
            architecture: .amd64
        )
        #expect(again.layers == image.layers)
        let files = try FileManager.default.contentsOfDirectory(atPath: cache.path)
        #expect(Set(["oci-layout", "index.json"]).isSubset(of: files))
    }

    @Test("A name without a tag is looked up as it stands, then as latest, and the other way round")
    func latest() async throws {
        let plain = try layout.image(layers: ["plain"])
        let latest = try layout.image(layers: ["latest"])
        try layout.finish([("busybox", plain), ("busybox:latest", latest), ("db:latest", latest), ("proxy", plain)])
        try await cache.load(file: layout.archive())
        for (name, digest) in [
            ("busybox", plain.digest), ("busybox:latest", latest.digest), ("db", latest.digest),
            ("proxy:latest", plain.digest), ("docker.io/library/busybox", plain.digest),
        ] {
            let image = try await cache.image(DockerReference(name)!, architecture: .amd64)
            #expect(image.digest == digest, "\(name)")
        }
        let error = await refusal { _ = try await cache.image(DockerReference("busybox:2")!, architecture: .amd64) }
        #expect(error?.code == .notFound)
    }

    @Test("Of an index each architecture gets the image that runs on every machine of it")
    func platforms() async throws {
        let v3 = try layout.image(variant: "v3", layers: ["v3"]).on("amd64", variant: "v3")
        let amd64 = try layout.image(layers: ["amd64"]).on("amd64")
        let arm64 = try layout.image(architecture: "arm64", variant: "v8", layers: ["arm64"]).on("arm64", variant: "v8")
        let arm6 = try layout.image(architecture: "arm", variant: "v6", layers: ["6"]).on("arm", variant: "v6")
        let arm7 = try layout.image(architecture: "arm", variant: "v7", layers: ["7"]).on("arm", variant: "v7")
        let note = try layout.blob("note".utf8, type: OCIMediaType.manifest).on("unknown", os: "unknown")
        let index = try layout.index([v3, note, amd64, arm64, arm6, arm7])
        try layout.finish([("web", index)])
        let loaded = try await cache.load(file: layout.archive())
        #expect(loaded.count == 5 && Set(loaded.map(\.digest)) == [index.digest])
        let web = DockerReference("web")!
        #expect(try await cache.image(web, architecture: .amd64).digest == amd64.digest)
        #expect(try await cache.image(web, architecture: .arm64).digest == arm64.digest)
        #expect(try await cache.image(web, architecture: .arm).digest == arm7.digest)
        let error = await refusal { _ = try await cache.image(web, architecture: .riscv64) }
        #expect(error?.code == .notFound && error?.message.contains("linux/arm64/v8") == true)
    }

    @Test("Single images of several architectures share a name; one put there later replaces its own alone")
    func sharing() async throws {
        let web = DockerReference("web:1")!
        var digests: [String: Digest] = [:]
        for (architecture, text) in [("amd64", "old"), ("arm64", "arm"), ("amd64", "new")] {
            let layout = try LayoutFixture(at: scratch.path("layout-\(text)"))
            let manifest = try layout.image(architecture: architecture, layers: [text])
            digests[architecture] = manifest.digest
            try layout.finish([("ignored", manifest)])
            try await cache.load(file: layout.archive(), name: web)
        }
        #expect(try await cache.image(web, architecture: .amd64).digest == digests["amd64"])
        #expect(try await cache.image(web, architecture: .arm64).digest == digests["arm64"])
        #expect(try cache.index().manifests.count == 2)
    }

    @Test("An index of which only a part is there gives that part")
    func sparse() async throws {
        let here = try layout.image(layers: ["here"]).on("amd64")
        let elsewhere = OCIDescriptor(mediaType: OCIMediaType.manifest, digest: Digest(of: [1]), size: 1).on("arm64")
        try layout.finish([("web", try layout.index([elsewhere, here]))])
        try await cache.load(file: layout.archive())
        #expect(try await cache.image(DockerReference("web")!, architecture: .amd64).digest == here.digest)
        let error = await refusal { _ = try await cache.image(DockerReference("web")!, architecture: .arm64) }
        #expect(error?.code == .notFound)
    }

    @Test(
        "Where an archive has no name, or the bare tag latest, one is asked for",
        arguments: [nil, "latest", "No Name"]
    )
    func naming(_ name: String?) async throws {
        let manifest = try layout.image(layers: ["x"])
        try layout.finish([(name, manifest)])
        let file = try await layout.archive()
        let error = await refusal { try await cache.load(file: file) }
        #expect(error?.message.contains("--name") == true)
        #expect(try scratch.cachedBlobs().isEmpty && cache.index().manifests.isEmpty)
        let loaded = try await cache.load(file: file, name: DockerReference("web:1"))
        #expect(loaded.map(\.name) == ["docker.io/library/web:1"] && loaded.map(\.digest) == [manifest.digest])
    }

    @Test("A damaged layer is refused, and nothing of it is kept or named")
    func damage() async throws {
        let manifest = try layout.image(layers: ["good", "bad"])
        try layout.finish([("web", manifest)])
        let bad = Digest(of: Array("bad".utf8))
        for content in ["BAD", "much longer", ""] {
            try layout.write("blobs/sha256/\(bad.hex)", content)
            let file = try await layout.archive()
            let error = await refusal { try await cache.load(file: file) }
            #expect(error?.code == .corrupt && error?.message.contains(bad.hex) == true)
        }
        try FileManager.default.removeItem(atPath: layout.path + "/blobs/sha256/\(bad.hex)")
        let file = try await layout.archive()
        #expect(await refusal { try await cache.load(file: file) }?.code == .notFound)
        #expect(try cache.index().manifests.isEmpty)
        #expect(try !scratch.cachedBlobs().contains(bad.hex))
        for blob in try scratch.cachedBlobs() {
            let bytes = try Data(contentsOf: URL(filePath: cache.path + "/blobs/sha256/\(blob)"))
            #expect(Digest(of: bytes).hex == blob)
        }
    }

    @Test("What is no container image is refused with what it is")
    func strangers() async throws {
        let chart = try layout.image(layers: ["x"], configurationType: "application/vnd.cncf.helm.config.v1+json")
        try layout.finish([("chart", chart)])
        let file = try await layout.archive()
        #expect(await refusal { try await cache.load(file: file) }?.message.contains("helm") == true)

        let both = #"{"schemaVersion":2,"manifests":[],"layers":[],"config":{}}"#
        try layout.finish([("both", try layout.blob(both.utf8, type: OCIMediaType.index))])
        let second = try await layout.archive()
        #expect(await refusal { try await cache.load(file: second) }?.message.contains("at once") == true)

        let old = #"{"schemaVersion":1,"name":"x","fsLayers":[]}"#
        try layout.finish([("old", try layout.blob(old.utf8, type: OCIMediaType.manifest))])
        let third = try await layout.archive()
        #expect(await refusal { try await cache.load(file: third) }?.message.contains("schema 1") == true)

        try layout.finish([("lie", try layout.image(layers: ["x"]))])
        let written = try Data(contentsOf: URL(filePath: layout.path + "/index.json"))
        var index = try decodeJSON(OCIIndex.self, from: Array(written), name: "index.json")
        index.manifests[0].mediaType = OCIMediaType.dockerManifest
        try JSONEncoder().encode(index).write(to: URL(filePath: layout.path + "/index.json"))
        let fourth = try await layout.archive()
        #expect(await refusal { try await cache.load(file: fourth) }?.message.contains("announced") == true)

        try Data("hello".utf8).write(to: URL(filePath: scratch.path("text")))
        #expect(await refusal { try await cache.load(file: scratch.path("text")) } != nil)
        #expect(await refusal { try await cache.load(file: scratch.path("none")) }?.code == .notFound)
        #expect(await refusal { try await cache.load(file: scratch.path) } != nil)
    }

    @Test("Many loads at once all leave their names")
    func concurrency() async throws {
        var files: [String] = []
        for number in 0..<8 {
            let layout = try LayoutFixture(at: scratch.path("layout-\(number)"))
            try layout.finish([("web:\(number)", try layout.image(layers: ["shared", "\(number)"]))])
            files.append(try await layout.archive())
        }
        try await withThrowingTaskGroup { group in
            for file in files {
                let cache = try ContainerCache(dataDirectory: scratch.path)
                group.addTask { try await cache.load(file: file) }
            }
            try await group.waitForAll()
        }
        #expect(try cache.index().manifests.count == 8)
        for number in 0..<8 {
            _ = try await cache.image(DockerReference("web:\(number)")!, architecture: .amd64)
        }
        #expect(try scratch.cachedBlobs().allSatisfy { !$0.hasPrefix(".") })
    }
}

@Suite("The corpus' archives")
struct CorpusArchiveTests {
    private static let directories = ["linuxkit", "linuxkit-probes"].map { "../shared/corpus/\($0)/images" }

    @Test(
        "Load as they are, under the names of their annotations",
        .enabled(
            if: FileManager.default.fileExists(atPath: directories[0])
                || ProcessInfo.processInfo.environment["CI"] == "true",
            "the corpus is not on this host"
        ),
        arguments: directories
    )
    func corpus(_ directory: String) async throws {
        let scratch = try TemporaryDirectory()
        let cache = try ContainerCache(dataDirectory: scratch.path)
        let files = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".tar") }
        #expect(!files.isEmpty)
        for file in files {
            let loaded = try await cache.load(file: "\(directory)/\(file)")
            let name = try #require(loaded.first?.name)
            let flat = String(name.map { $0 == "/" || $0 == ":" ? "_" : $0 })
            #expect(loaded.count == 1 && "\(flat).tar" == file)
            let image = try await cache.image(#require(DockerReference(name)), architecture: .amd64)
            #expect(image.digest == loaded[0].manifest && !image.layers.isEmpty)
        }
        #expect(try cache.index().manifests.count == files.count)
    }
}
