import Foundation
import Testing
import Vocabulary

@testable import Build

@Suite("Images that other tools make")
struct OtherToolsTests {
    let scratch: TemporaryDirectory
    let cache: ContainerCache

    init() throws {
        scratch = try TemporaryDirectory()
        cache = try ContainerCache(dataDirectory: scratch.path("data"))
    }

    /// An image that umoci makes, with two layers, and what umoci itself says that it is.
    private func umociLayout() async throws -> (path: String, manifest: Digest) {
        let path = scratch.path("umoci")
        _ = try scratch.file("one", Array("first".utf8))
        _ = try scratch.file("two", (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) })
        try await HostProgram.run("umoci", ["init", "--layout", path])
        try await HostProgram.run("umoci", ["new", "--image", "\(path):web"])
        try await HostProgram.run(
            "umoci",
            [
                "config", "--image", "\(path):web", "--config.cmd", "/bin/web", "--config.env", "A=b", "--architecture",
                "amd64",
            ]
        )
        for (file, target) in [("one", "/etc/one"), ("two", "/two")] {
            try await HostProgram.run(
                "umoci",
                ["insert", "--rootless", "--image", "\(path):web", scratch.path(file), target]
            )
        }
        let text = try await HostProgram.run("skopeo", ["inspect", "--format", "{{.Digest}}", "oci:\(path):web"])
        return (path, try #require(Digest(text.filter { !$0.isWhitespace })))
    }

    private func skopeo(_ from: String, _ to: String) async throws {
        try await HostProgram.run("skopeo", ["--insecure-policy", "copy", "--quiet", from, to])
    }

    @Test(
        "umoci's layout is the same image from its directory, as an archive, as skopeo's directory and from a registry"
    )
    func equality() async throws {
        let (path, manifest) = try await umociLayout()
        try await skopeo("oci:\(path):web", "oci-archive:\(scratch.path("web.tar")):web")
        try await skopeo("oci:\(path):web", "dir:\(scratch.path("dir"))")
        let registry = try RegistryProcess()
        try await registry.fill(from: "oci:\(path):web", as: "web:1")
        let client = try Registry(RegistryConfiguration(credentials: scratch.file("none.json", Array("{}".utf8))))
        let references = [
            "oci:\(path):web", "oci:\(path)", "oci-archive:\(scratch.path("web.tar"))", "dir:\(scratch.path("dir"))",
            "\(registry.address)/web:1",
        ]
        var images: [ContainerImage] = []
        for reference in references {
            // A cache for each, so that none finds what another left.
            let own = try ContainerCache(dataDirectory: scratch.path("data-\(images.count)"))
            let source = ContainerSource(cache: own, registry: client)
            images.append(try await source.image(ImageReference(reference)!, architecture: .amd64) { _ in })
        }
        await client.shutdown()
        for (reference, image) in zip(references, images) {
            #expect(image.digest == manifest, "\(reference)")
            #expect(image.layers.map(\.digest) == images[0].layers.map(\.digest) && image.layers.count == 2)
            #expect(image.configuration == images[0].configuration)
        }
        #expect(images[0].configuration.command == ["/bin/web"] && images[0].configuration.environment.contains("A=b"))
        try await cache.load(file: scratch.path("web.tar"))
        #expect(try await cache.image(DockerReference("web")!, architecture: .amd64).digest == manifest)
    }

    @Test(
        "A Docker archive holds the same configuration and the same contents, by name, by file and through docker-archive:"
    )
    func dockerArchive() async throws {
        let (path, _) = try await umociLayout()
        let file = scratch.path("docker.tar")
        try await skopeo("oci:\(path):web", "docker-archive:\(file):example.org/team/web:1")
        let loaded = try await cache.load(file: file)
        #expect(loaded.map(\.name) == ["example.org/team/web:1"])
        let image = try await cache.image(DockerReference("example.org/team/web:1")!, architecture: .amd64)
        #expect(image.configuration.command == ["/bin/web"] && image.layers.count == 2)
        for layer in image.layers {
            #expect(layer.mediaType == OCIMediaType.layer)
            #expect(try Digest(of: Data(contentsOf: URL(filePath: layer.path))) == layer.digest)
        }
        let offline = ContainerSource(cache: cache, registry: nil)
        for reference in ["docker-archive:\(file)", "docker-archive:\(file):example.org/team/web:1"] {
            let again = try await offline.image(ImageReference(reference)!, architecture: .amd64) { _ in }
            #expect(again.digest == image.digest && again.layers == image.layers)
        }
        let error = await refusal {
            _ = try await offline.image(ImageReference("docker-archive:\(file):db:1")!, architecture: .amd64) { _ in }
        }
        #expect(error?.message.contains("example.org/team/web:1") == true)
        // Bytes of a layer that are not those of its configuration are noticed.
        let unpacked = scratch.path("unpacked")
        try FileManager.default.createDirectory(atPath: unpacked, withIntermediateDirectories: true)
        try await HostProgram.run("bsdtar", ["-xf", file, "-C", unpacked])
        let names = try FileManager.default.contentsOfDirectory(atPath: unpacked)
        let layer = try #require(names.first { $0.hasSuffix(".tar") })
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: "\(unpacked)/\(layer)")
        var bytes = try Data(contentsOf: URL(filePath: "\(unpacked)/\(layer)"))
        try #require(!bytes.isEmpty)
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(filePath: "\(unpacked)/\(layer)"))
        try await HostProgram.run("bsdtar", ["-cf", scratch.path("bad.tar"), "-C", unpacked] + names)
        let fresh = try ContainerCache(dataDirectory: scratch.path("fresh"))
        let damage = await refusal { try await fresh.load(file: scratch.path("bad.tar")) }
        #expect(damage?.code == .corrupt && damage?.message.contains(layer) == true)
        #expect(try fresh.index().manifests.isEmpty)
    }

    @Test("What is exported and pushed is what other tools and we ourselves read again")
    func leaving() async throws {
        let (path, manifest) = try await umociLayout()
        let source = ContainerSource(cache: cache, registry: nil)
        let local = try await source.image(ImageReference("oci:\(path):web")!, architecture: .amd64) { _ in }
        try await skopeo("oci:\(path):web", "oci-archive:\(scratch.path("web.tar")):web")
        try await cache.load(file: scratch.path("web.tar"), name: DockerReference("web:1"))
        let name = DockerReference("web:1")!

        let (first, second) = (scratch.path("first.tar"), scratch.path("second.tar"))
        try await cache.export(name, architecture: nil, to: first)
        try await cache.export(name, architecture: .amd64, to: second)
        #expect(try Data(contentsOf: URL(filePath: first)) == Data(contentsOf: URL(filePath: second)))
        let other = try ContainerCache(dataDirectory: scratch.path("other"))
        #expect(try await other.load(file: first).map(\.digest) == [manifest])
        try await skopeo("oci-archive:\(first)", "dir:\(scratch.path("dir"))")

        let docker = scratch.path("docker.tar")
        try await cache.exportDocker(name, architecture: nil, to: docker)
        let text = try await HostProgram.run("skopeo", ["inspect", "--config", "docker-archive:\(docker)"])
        #expect(text.contains("/bin/web"))
        #expect(try await other.load(file: docker).map(\.name) == ["docker.io/library/web:1"])
        #expect(
            try await other.image(name, architecture: .amd64).configuration == local.configuration
        )

        let registry = try RegistryProcess(isProtected: true)
        let entry = Data("muster:secret".utf8).base64EncodedString()
        let json = #"{"auths":{"\#(registry.address)":{"auth":"\#(entry)"}}}"#
        let client = try Registry(RegistryConfiguration(credentials: scratch.file("auth.json", Array(json.utf8))))
        let target = DockerReference("\(registry.address)/team/web:2")!
        for _ in 0..<2 {
            #expect(try await client.push(name, architecture: nil, of: cache, to: target) == manifest)
        }
        await client.shutdown()
        let digest = try await HostProgram.run(
            "skopeo",
            [
                "inspect", "--tls-verify=false", "--creds", "muster:secret", "--format", "{{.Digest}}",
                "docker://\(target)",
            ]
        )
        #expect(digest.contains(manifest.description))
    }

    @Test("Images for several platforms that came one by one leave together, in an index")
    func together() async throws {
        let name = DockerReference("web:1")!
        for architecture in ["arm64", "amd64"] {
            let layout = try LayoutFixture(at: scratch.path(architecture))
            let image = try layout.image(architecture: architecture, layers: ["shared", architecture])
            try layout.finish([("web:1", image)])
            try await cache.load(file: layout.archive())
        }
        let outgoing = try await cache.outgoing(name, architecture: nil)
        #expect(outgoing.images.map(\.descriptor.platform?.architecture) == ["amd64", "arm64"])
        let archive = scratch.path("web.tar")
        try await cache.export(name, architecture: nil, to: archive)
        let other = try ContainerCache(dataDirectory: scratch.path("other"))
        #expect(try await other.load(file: archive).map(\.digest) == [outgoing.top.digest, outgoing.top.digest])
        for architecture: Architecture in [.amd64, .arm64] {
            let image = try await other.image(name, architecture: architecture)
            #expect(try await image.digest == cache.image(name, architecture: architecture).digest)
        }
        let inspected = try await HostProgram.run("skopeo", ["inspect", "--raw", "oci-archive:\(archive)"])
        #expect(inspected.contains(OCIMediaType.index))
    }

    @Test("Removing a name removes what no other name needs, and nothing else")
    func removal() async throws {
        let layout = try LayoutFixture(at: scratch.path("layout"))
        let first = try layout.image(layers: ["shared", "first"])
        let second = try layout.image(layers: ["shared", "second"])
        try layout.finish([("a:1", first), ("b:1", second)])
        try await cache.load(file: layout.archive())
        let missing = await refusal { _ = try cache.remove([DockerReference("a:1")!, DockerReference("c:1")!]) }
        #expect(missing?.code == .notFound)
        #expect(try await cache.list().count == 2)
        #expect(try cache.remove([DockerReference("a:1")!]) > 0)
        #expect(try await cache.list().map(\.name) == ["docker.io/library/b:1"])
        let kept = try scratch.cachedBlobs(of: "data")
        #expect(
            kept.contains(Digest(of: Array("shared".utf8)).hex) && !kept.contains(Digest(of: Array("first".utf8)).hex)
        )
        _ = try await cache.image(DockerReference("b:1")!, architecture: .amd64)
        _ = try cache.remove([DockerReference("b:1")!])
        #expect(try scratch.cachedBlobs(of: "data").isEmpty)
    }

    @Test(
        "What is no such place is refused with what is missing",
        arguments: [
            ("oci:EMPTY", "oci-layout"), ("oci:NONE", "oci-layout"), ("dir:EMPTY", "version"),
            ("oci-archive:EMPTY", "not a file"), ("docker-archive:TEXT", "TEXT"), ("oci:FOREIGN", "version 9"),
        ]
    )
    func badPlaces(_ text: String, _ words: String) async throws {
        for name in ["EMPTY", "FOREIGN"] {
            try FileManager.default.createDirectory(atPath: scratch.path(name), withIntermediateDirectories: true)
        }
        _ = try scratch.file("TEXT", Array("hello".utf8))
        _ = try scratch.file("FOREIGN/oci-layout", Array(#"{"imageLayoutVersion":"9.0.0"}"#.utf8))
        let colon = text.firstIndex(of: ":")!
        let reference = ImageReference("\(text[...colon])\(scratch.path(String(text[text.index(after: colon)...])))")!
        let source = ContainerSource(cache: cache, registry: nil)
        let error = await refusal { _ = try await source.image(reference, architecture: .amd64) { _ in } }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test("Of a layout with several images one has to be named; an index among them is looked into")
    func severalImages() async throws {
        let layout = try LayoutFixture(at: scratch.path("layout"))
        let arm64 = try layout.image(architecture: "arm64", layers: ["arm"]).on("arm64")
        let amd64 = try layout.image(layers: ["amd"]).on("amd64")
        try layout.finish([("multi", try layout.index([arm64, amd64])), ("web", amd64)])
        let source = ContainerSource(cache: cache, registry: nil)
        let error = await refusal {
            _ = try await source.image(.layout(path: layout.path, name: nil), architecture: .amd64) { _ in }
        }
        #expect(error?.code == .ambiguous && error?.message.contains("multi, web") == true)
        let image = try await source.image(.layout(path: layout.path, name: "multi"), architecture: .arm64) { _ in }
        #expect(image.digest == arm64.digest && image.architecture == .arm64)
        let none = await refusal {
            _ = try await source.image(.layout(path: layout.path, name: "db"), architecture: .amd64) { _ in }
        }
        #expect(none?.code == .notFound)
    }
}
