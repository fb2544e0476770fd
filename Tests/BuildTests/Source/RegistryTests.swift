import Foundation
import Synchronization
import Testing
import Vocabulary

@testable import Build

/// A registry with one image in it, and a cache.
private struct RegistryFixture {
    let scratch: TemporaryDirectory
    let cache: ContainerCache
    let layout: LayoutFixture
    let registry: RegistryProcess
    let image: OCIDescriptor
    /// The layers' sizes in bytes.
    let sizes: [UInt64]
    let pauses = Pauses()

    final class Pauses: Sendable {
        let all = Mutex<[Duration]>([])
    }

    init(isProtected: Bool = false, certificate: RegistryProcess.Certificate? = nil) async throws {
        scratch = try TemporaryDirectory()
        cache = try ContainerCache(dataDirectory: scratch.path("data"))
        layout = try LayoutFixture(at: scratch.path("layout"))
        let layers = [try await layout.archiveLayer(bytes: 300_000), try await layout.archiveLayer(bytes: 10)]
        sizes = layers.map(\.size)
        image = try layout.image(of: layers)
        try layout.finish([("web", image)])
        registry = try RegistryProcess(isProtected: isProtected, certificate: certificate)
        try await registry.fill(from: "oci:\(layout.path):web", as: "web:1", isProtected: isProtected)
    }

    /// - Parameter fault: silence is waited for `patience` where it is what is tried.
    func configuration(
        _ credentials: String = "{}",
        against fault: FaultProxy.Fault? = nil,
        patience: Duration = .milliseconds(500)
    ) throws -> RegistryConfiguration {
        let path = try scratch.file("config.json", Array(credentials.utf8))
        var configuration = RegistryConfiguration(credentials: path)
        if case .stalled = fault { configuration.readTimeout = patience }
        return configuration
    }

    /// Pulls `web:1` from an address; no pause takes time.
    func pull(
        from address: String,
        configuration: RegistryConfiguration? = nil,
        architecture: Architecture = .amd64,
        observe: @escaping BuildObserver = { _ in }
    ) async throws -> ContainerImage {
        let client = try Registry(configuration ?? self.configuration()) { [pauses] duration in
            pauses.all.withLock { $0.append(duration) }
        }
        let source = ContainerSource(cache: cache, registry: client)
        do {
            let image = try await source.image(
                ImageReference("\(address)/web:1")!,
                architecture: architecture,
                observe: observe
            )
            await client.shutdown()
            return image
        } catch {
            await client.shutdown()
            throw error
        }
    }

    /// Every blob of the cache is what its name says, and nothing else lies beside them.
    func expectOnlyGoodBlobs() throws {
        for name in try scratch.cachedBlobs(of: "data") {
            let bytes = try Data(contentsOf: URL(filePath: cache.path + "/blobs/sha256/\(name)"))
            #expect(Digest(of: bytes).hex == name)
        }
    }

    func expectWhole(_ pulled: ContainerImage) throws {
        #expect(pulled.digest == image.digest && pulled.layers.map(\.size) == sizes)
        try expectOnlyGoodBlobs()
        for layer in pulled.layers { #expect(cache.blobs.size(of: layer.digest) == layer.size) }
    }
}

@Suite("Registries")
struct RegistryTests {
    @Test("An image is pulled as it is, told about on the way, and afterwards comes from the cache without a network")
    func pulling() async throws {
        let fixture = try await RegistryFixture()
        let events = Mutex<[BuildEvent]>([])
        let image = try await fixture.pull(from: fixture.registry.address) { event in
            events.withLock { $0.append(event) }
        }
        try fixture.expectWhole(image)
        let name = "\(fixture.registry.address)/web:1"
        let seen = events.withLock { $0 }
        #expect(seen.first == .resolving(source: name) && seen.last == .ready(source: name, isCached: false))
        let total = fixture.sizes.reduce(0, +)
        #expect(seen.contains(.pulling(source: name, received: total, total: total)))

        let offline = ContainerSource(cache: fixture.cache, registry: nil)
        let cached = try await offline.image(ImageReference(name)!, architecture: .amd64) { _ in }
        #expect(cached == image)
        let other = ImageReference("\(fixture.registry.address)/db:1")!
        let error = await refusal { _ = try await offline.image(other, architecture: .amd64) { _ in } }
        #expect(error?.code == .notFound && error?.message.contains("offline") == true)
    }

    @Test("What is not there is said, and what is there instead of an architecture")
    func absence() async throws {
        let fixture = try await RegistryFixture()
        let address = fixture.registry.address
        let foreign = await refusal { _ = try await fixture.pull(from: address, architecture: .arm64) }
        #expect(foreign?.code == .notFound && foreign?.message.contains("linux/amd64") == true)
        let client = try Registry(fixture.configuration())
        let source = ContainerSource(cache: fixture.cache, registry: client)
        let error = await refusal {
            _ = try await source.image(ImageReference("\(address)/none:9")!, architecture: .amd64) { _ in }
        }
        #expect(error?.code == .notFound && error?.message.contains("404") == true)
        await client.shutdown()
    }

    @Test("Basic authentication: what docker login kept is used, and its absence or refusal says how to log in")
    func basic() async throws {
        let fixture = try await RegistryFixture(isProtected: true)
        let address = fixture.registry.address
        func entry(_ text: String) -> String {
            #"{"auths":{"\#(address)":{"auth":"\#(Data(text.utf8).base64EncodedString())"}}}"#
        }
        let missing = await refusal { _ = try await fixture.pull(from: address) }
        #expect(missing?.message.contains("docker login \(address)") == true)
        #expect(missing?.message.contains("has no credentials") == true)
        let wrong = try fixture.configuration(entry("muster:wrong"))
        let refused = await refusal { _ = try await fixture.pull(from: address, configuration: wrong) }
        #expect(refused?.message.contains("did not take") == true && refused?.message.contains("wrong") == false)
        let right = try fixture.configuration(entry("muster:secret"))
        try fixture.expectWhole(await fixture.pull(from: address, configuration: right))
    }

    @Test("A registry with a certificate of our own authority is trusted when that is configured, and only then")
    func authorities() async throws {
        let scratch = try TemporaryDirectory()
        let certificate = try await RegistryProcess.Certificate(in: scratch)
        let fixture = try await RegistryFixture(certificate: certificate)
        let address = fixture.registry.address
        // On loopback nobody expects TLS.
        let plain = await refusal { _ = try await fixture.pull(from: address) }
        #expect(plain?.message.contains("name: \(address), plain: false") == true, "\(String(describing: plain))")
        var configuration = try fixture.configuration()
        configuration.hosts[address] = .init(isPlain: false)
        let strange = await refusal { _ = try await fixture.pull(from: address, configuration: configuration) }
        #expect(strange?.message.contains("authorities: FILE") == true, "\(String(describing: strange))")
        // For this registry alone, where Docker has it.
        var docker = configuration
        docker.certificates = scratch.path("certs.d")
        let own = scratch.path("certs.d/\(address)")
        try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
        try Data("none".utf8).write(to: URL(filePath: own + "/ca.crt"))
        let damaged = await refusal { _ = try await fixture.pull(from: address, configuration: docker) }
        #expect(damaged?.message.contains("certs.d/\(address)/ca.crt") == true)
        try FileManager.default.removeItem(atPath: own + "/ca.crt")
        try FileManager.default.copyItem(atPath: certificate.authority, toPath: own + "/ca.crt")
        try fixture.expectWhole(await fixture.pull(from: address, configuration: docker))
        _ = try fixture.cache.remove([DockerReference("\(address)/web:1")!])
        configuration.authorities = certificate.authority
        try fixture.expectWhole(await fixture.pull(from: address, configuration: configuration))
        configuration.authorities = scratch.path("nowhere.pem")
        let missing = await refusal { _ = try await fixture.pull(from: address, configuration: configuration) }
        #expect(missing?.message.contains("nowhere.pem") == true)
    }

    @Test("Token authentication: a token is fetched once, with the credentials, and used for everything")
    func tokens() async throws {
        let fixture = try await RegistryFixture()
        let proxy = try await FaultProxy(fixture.registry.address, tokens: "muster:secret")
        let missing = await refusal { _ = try await fixture.pull(from: proxy.address) }
        #expect(missing?.message.contains("docker login") == true)
        let entry = Data("muster:secret".utf8).base64EncodedString()
        let configuration = try fixture.configuration(
            #"{"auths":{"http://\#(proxy.address)/v1/":{"auth":"\#(entry)"}}}"#
        )
        let before = proxy.requests.filter { $0.uri.hasPrefix("/token") }.count
        try fixture.expectWhole(await fixture.pull(from: proxy.address, configuration: configuration))
        #expect(proxy.requests.filter { $0.uri.hasPrefix("/token") }.count == before + 1)
        try await proxy.close()
    }

    @Test(
        "A fault that passes delays a pull and changes nothing",
        arguments: [
            ("LAYER", FaultProxy.Fault.truncated(after: 100_000), [Duration.milliseconds(500)]),
            ("LAYER", .stalled(after: 1000), [.milliseconds(500)]),
            ("LAYER", .flipped, [.milliseconds(500)]),
            ("LAYER", .status(503), [.milliseconds(500)]),
            ("/blobs/", .flipped, [.milliseconds(500)]),
            ("/blobs/", .status(429, ["Retry-After": "7"]), [.seconds(7)]),
            ("/manifests/", .status(429, ["Retry-After": "0"]), [.zero]),
            ("/manifests/", .status(500), [.milliseconds(500)]),
            ("/manifests/", .truncated(after: 20), [.milliseconds(500)]),
            ("/manifests/", .flipped, [.milliseconds(500)]),
        ]
    )
    func passingFaults(_ path: String, _ fault: FaultProxy.Fault, _ pauses: [Duration]) async throws {
        let fixture = try await RegistryFixture()
        let part = path == "LAYER" ? try fixture.layout.bigLayer(of: fixture.image) : path
        let proxy = try await FaultProxy(fixture.registry.address, rules: [.init(path: part, fault: fault)])
        // A busy host is silent for seconds itself.
        let configuration = try fixture.configuration(against: fault, patience: .seconds(5))
        try fixture.expectWhole(await fixture.pull(from: proxy.address, configuration: configuration))
        let paused = fixture.pauses.all.withLock { $0 }
        // Where silence is not waited for, a busy host may be silent too.
        if case .stalled = fault { #expect(paused.starts(with: pauses)) } else { #expect(paused == pauses) }
        try await proxy.close()
    }

    @Test("A broken download goes on where it broke, with a server that knows ranges and with one that does not")
    func resuming() async throws {
        for hasRanges in [true, false] {
            let fixture = try await RegistryFixture()
            let big = try fixture.layout.bigLayer(of: fixture.image)
            var rules = [FaultProxy.Rule(path: "/blobs/\(big)", fault: .truncated(after: 200_000))]
            if !hasRanges { rules.append(.init(path: "/blobs/\(big)", fault: .rangeless)) }
            let proxy = try await FaultProxy(fixture.registry.address, rules: rules)
            try fixture.expectWhole(await fixture.pull(from: proxy.address))
            let asked = proxy.requests.filter { $0.uri.contains("/blobs/\(big)") }
            #expect(asked.count == 2)
            let range = try #require(asked.last?.headers.first(name: "Range"))
            // Of what was sent before the connection closed the kernel may have thrown the end away.
            let start = try #require(UInt64(range.dropFirst("bytes=".count).dropLast()))
            #expect(range == "bytes=\(start)-" && start > 0 && start <= 200_000)
            try await proxy.close()
        }
    }

    @Test(
        "A fault that stays ends in an error for people, and no bad blob is kept",
        arguments: [
            (FaultProxy.Fault.flipped, "wrong bytes", BuildError.Code.corrupt),
            (.longer, "more than", .corrupt),
            (.truncated(after: 0), "cannot talk|broke off", .unavailable),
            (.stalled(after: 10), "cannot talk", .unavailable),
            (.status(401), "docker login", .unavailable),
            (.status(429), "429", .unavailable),
            (.status(429, ["Retry-After": "3600"]), "3600 s", .unavailable),
            (.status(503), "tried 5 times", .unavailable),
            (.status(404), "404", .notFound),
        ]
    )
    func lastingFaults(_ fault: FaultProxy.Fault, _ words: String, _ code: BuildError.Code) async throws {
        let fixture = try await RegistryFixture()
        let big = try fixture.layout.bigLayer(of: fixture.image)
        let proxy = try await FaultProxy(
            fixture.registry.address,
            rules: [.init(path: "/blobs/\(big)", fault: fault, count: .max)]
        )
        let configuration = try fixture.configuration(against: fault)
        let error = await refusal { _ = try await fixture.pull(from: proxy.address, configuration: configuration) }
        #expect(error?.code == code)
        let message = error?.message ?? ""
        #expect(words.split(separator: "|").contains { message.contains($0) }, "\(message)")
        try fixture.expectOnlyGoodBlobs()
        #expect(try !fixture.scratch.cachedBlobs(of: "data").contains { big.hasSuffix($0) })
        #expect(try fixture.cache.index().manifests.isEmpty)
        try await proxy.close()
    }

    @Test("A cancelled pull ends at once and leaves nothing half done")
    func cancellation() async throws {
        let fixture = try await RegistryFixture()
        let big = try fixture.layout.bigLayer(of: fixture.image)
        let proxy = try await FaultProxy(
            fixture.registry.address,
            rules: [.init(path: "/blobs/\(big)", fault: .stalled(after: 1000), count: .max)]
        )
        var configuration = try fixture.configuration()
        configuration.readTimeout = .seconds(600)
        let (arrivals, arrived) = AsyncStream<Void>.makeStream()
        let task = Task { [configuration] in
            try await fixture.pull(from: proxy.address, configuration: configuration) { event in
                if case .pulling(_, let received, _) = event, received >= 1000 { arrived.yield() }
            }
        }
        var iterator = arrivals.makeAsyncIterator()
        await iterator.next()
        task.cancel()
        let result = await task.result
        #expect(throws: CancellationError.self) { try result.get() }
        try fixture.expectOnlyGoodBlobs()
        try await proxy.close()
    }

    @Test("Mirrors are asked first, in order; one that is of no use is passed over, with a warning")
    func mirrors() async throws {
        let fixture = try await RegistryFixture()
        let proxy = try await FaultProxy(fixture.registry.address)
        let broken = try await FaultProxy(
            fixture.registry.address,
            rules: [.init(path: "/", fault: .status(404), count: .max)]
        )
        var configuration = try fixture.configuration()
        configuration.hosts["registry.example.org"] = .init(
            mirrors: ["http://\(broken.address)", "http://\(proxy.address)/"]
        )
        let warnings = Mutex<[String]>([])
        let image = try await fixture.pull(from: "registry.example.org", configuration: configuration) { event in
            if case .warning(let text) = event { warnings.withLock { $0.append(text) } }
        }
        try fixture.expectWhole(image)
        #expect(!proxy.requests.isEmpty && broken.requests.count == 1)
        #expect(warnings.withLock { $0.count == 1 && $0[0].contains(broken.address) })
        try await proxy.close()
        try await broken.close()
    }

    @Test("Of an index only the blobs of the wanted platform are pulled, each when it is wanted")
    func platforms() async throws {
        let fixture = try await RegistryFixture()
        let layout = fixture.layout
        let amd64 = fixture.image.on("amd64")
        let other = try await layout.archiveLayer(bytes: 5000)
        let arm64 = try layout.image(of: [other], architecture: "arm64").on("arm64", variant: "v8")
        try layout.finish([("multi", try layout.index([amd64, arm64]))])
        try await fixture.registry.fill(from: "oci:\(layout.path):multi", as: "web:1")
        let address = fixture.registry.address
        #expect(try await fixture.pull(from: address).digest == amd64.digest)
        #expect(try !fixture.scratch.cachedBlobs(of: "data").contains(other.digest.hex))
        #expect(try await fixture.pull(from: address, architecture: .arm64).digest == arm64.digest)
        #expect(try fixture.scratch.cachedBlobs(of: "data").contains(other.digest.hex))
        #expect(
            try await fixture.cache.image(DockerReference("\(address)/web:1")!, architecture: .amd64).digest
                == amd64.digest
        )
    }
}
