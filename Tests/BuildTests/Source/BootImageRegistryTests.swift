import Foundation
import Testing
import Vocabulary

@testable import Build

@Suite("Boot images in a registry")
struct BootImageRegistryTests {
    private let scratch = try! TemporaryDirectory()
    private let registry = try! RegistryProcess()

    /// A store with an image in it.
    private func source() throws -> (made: HandMadeImage, store: ImageStore) {
        let made = try HandMadeImage(in: scratch)
        let store = try ImageStore(dataDirectory: scratch.path("data"))
        _ = try store.blobs.store(made.image.manifest.canonicalBytes)
        return (made, store)
    }

    private func withClient<Value>(_ body: (Registry) async throws -> Value) async throws -> Value {
        let client = try Registry(RegistryConfiguration(credentials: scratch.path("none.json"))) { _ in }
        do {
            let value = try await body(client)
            await client.shutdown()
            return value
        } catch {
            await client.shutdown()
            throw error
        }
    }

    private func pull(_ name: String, into store: ImageStore) async throws -> ImageStore.Entry {
        try await withClient { try await $0.pull(DockerReference(name)!, into: store, as: ImageName("web")) }
    }

    private func expectWhole(_ manifest: ImageManifest, in store: ImageStore) throws {
        let blobs = manifest.blobs.map(\.digest) + [manifest.digest]
        for digest in blobs { #expect(try Digest(of: store.blobs.read(digest)) == digest) }
        #expect(Set(try store.blobs.all().map(\.digest)) == Set(blobs))
    }

    @Test("what was pushed is pulled with the same digest, and again it is no new release")
    func roundTrip() async throws {
        let (made, store) = try source()
        let image = made.image.manifest
        let name = "\(registry.address)/boot/web:1"
        let artifact = try await withClient { try await $0.push(image.digest, of: store, to: DockerReference(name)!) }
        #expect(artifact == (try OCIArtifact(image)).descriptor.digest)
        let other = try ImageStore(dataDirectory: scratch.path("other"))
        let entry = try await pull(name, into: other)
        #expect(entry.digest == image.digest && entry.release == 1 && entry.manifest == image)
        try expectWhole(image, in: other)
        #expect(try await pull("\(registry.address)/boot/web@\(artifact)", into: other).release == 1)
        let inspected = try await HostProgram.run(
            "skopeo",
            ["inspect", "--tls-verify=false", "--raw", "docker://\(name)"]
        )
        #expect(inspected.contains(#""artifactType":"application/vnd.muster.image.v1""#))
    }

    @Test("the format `oci`, copied into a registry by another tool, is the same artifact")
    func layout() async throws {
        let (made, store) = try source()
        let files = try await ImageFormats.write(
            made.image,
            as: ImageFormats.parse("oci"),
            name: "web",
            directory: scratch.path("out"),
            blobs: made.blobs
        )
        try await registry.fill(from: "oci:\(files[0]):web", as: "boot/web:copied")
        let other = try ImageStore(dataDirectory: scratch.path("other"))
        let entry = try await pull("\(registry.address)/boot/web:copied", into: other)
        #expect(entry.digest == made.image.manifest.digest)
        try expectWhole(made.image.manifest, in: other)
        let name = DockerReference("\(registry.address)/boot/web:pushed")!
        let pushed = try await withClient { try await $0.push(entry.digest, of: store, to: name) }
        #expect(pushed == (try OCIArtifact(made.image.manifest)).descriptor.digest)
    }

    @Test("a container image is no boot image, and says where it belongs")
    func containerImage() async throws {
        let layout = try LayoutFixture(at: scratch.path("layout"))
        try layout.finish([("web", try layout.image(of: [try await layout.archiveLayer(bytes: 10)]))])
        try await registry.fill(from: "oci:\(layout.path):web", as: "web:1")
        let other = try ImageStore(dataDirectory: scratch.path("other"))
        let error = await refusal { _ = try await pull("\(registry.address)/web:1", into: other) }
        #expect(error?.message.contains("muster cache pull") == true)
        let missing = await refusal { _ = try await pull("\(registry.address)/none:1", into: other) }
        #expect(missing?.code == .notFound)
        #expect(try other.names().isEmpty && other.blobs.all().isEmpty)
    }

    @Test("what does not arrive whole has no name and is no image, and the next pull goes on")
    func broken() async throws {
        let (made, store) = try source()
        let image = made.image.manifest
        let name = DockerReference("\(registry.address)/boot/web:1")!
        _ = try await withClient { try await $0.push(image.digest, of: store, to: name) }
        let proxy = try await FaultProxy(
            registry.address,
            rules: [.init(path: "/blobs/\(image.kernel.digest)", fault: .flipped, count: 5)]
        )
        let other = try ImageStore(dataDirectory: scratch.path("other"))
        let error = await refusal { _ = try await pull("\(proxy.address)/boot/web:1", into: other) }
        #expect(error?.code == .corrupt)
        #expect(try other.names().isEmpty)
        #expect(other.blobs.size(of: image.digest) == nil && other.blobs.size(of: image.kernel.digest) == nil)
        #expect(try await pull("\(proxy.address)/boot/web:1", into: other).digest == image.digest)
        try expectWhole(image, in: other)
        try await proxy.close()
    }

    @Test("an image of which a part is missing is not pushed")
    func missingPart() async throws {
        let (made, store) = try source()
        try store.blobs.remove(made.image.manifest.kernel.digest)
        let name = DockerReference("\(registry.address)/boot/web:1")!
        let error = await refusal {
            _ = try await withClient { try await $0.push(made.image.manifest.digest, of: store, to: name) }
        }
        #expect(error?.code == .notFound && error?.message.contains("is not whole") == true)
    }
}
