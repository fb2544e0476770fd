import Foundation
import Testing
import Vocabulary

@testable import Build

@Suite("Documents of images from strangers")
struct ImageDocumentFuzzTests {
    private static let seeds: [[UInt8]] = [
        """
        {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd\
        .oci.image.manifest.v1+json","digest":"sha256:2222222222222222222222222222222222222222222222222222222222222222",\
        "size":418,"platform":{"architecture":"arm64","os":"linux","variant":"v8"},"annotations":{"a":"b"}}]}
        """,
        """
        {"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:1111111111111111\
        111111111111111111111111111111111111111111111111","size":5},"layers":[{"mediaType":"application/vnd.oci.image.layer.\
        v1.tar+gzip","digest":"sha256:3333333333333333333333333333333333333333333333333333333333333333","size":271}]}
        """,
        """
        {"architecture":"amd64","os":"linux","config":{"Cmd":["/bin/echo","x"],"Env":["PATH=/bin"],"Entrypoint":null,\
        "WorkingDir":"/","Labels":{"org.mobyproject.config":"{}"}},"rootfs":{"type":"layers","diff_ids":["sha256:444444444444\
        4444444444444444444444444444444444444444444444444444"]}}
        """,
        #"[{"Config":"a.json","RepoTags":["a:b"],"Layers":["x/layer.tar"]}]"#,
        #"{"auths":{"a":{"auth":"YTpi"}},"credHelpers":{"b":"c"},"credsStore":"d"}"#,
    ].map { Array($0.utf8) }

    private static let pieces: [[UInt8]] = [
        "null", "[]", "{}", "-1", "1e400", "18446744073709551616", "\"\"", "\"sha512:00\"", "\\u0000", "\u{e9}",
        "{\"a\":",
        "[[[[[[[[", "true", "\"manifests\":[]", "\"layers\":{}", "\"schemaVersion\":1,",
    ].map { Array($0.utf8) }

    private func mutated(_ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = Self.seeds.randomElement(using: &generator)!
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: 0..<max(1, bytes.count), using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: if !bytes.isEmpty { bytes[place] = UInt8.random(in: 0...255, using: &generator) }
            case 1: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 0...40, using: &generator)))
            case 2: bytes.insert(contentsOf: Self.pieces.randomElement(using: &generator)!, at: place)
            case 3: bytes.removeSubrange(min(place, bytes.count)...)
            default:
                let end = min(bytes.count, place + Int.random(in: 0...60, using: &generator))
                bytes.insert(contentsOf: bytes[min(place, end)..<end], at: place)
            }
        }
        return bytes
    }

    @Test("Whatever is in them, they are read or refused with words")
    func mutations() {
        let count = ProcessInfo.processInfo.environment["MUSTER_LONG"] == "1" ? 100_000 : 5_000
        var generator = SeededGenerator(seed: 20_261_121)
        var (read, refused) = (0, 0)
        for _ in 0..<count {
            let bytes = mutated(&generator)
            func attempt(_ body: () throws -> Void) {
                do {
                    try body()
                    read += 1
                } catch {
                    refused += 1
                    if !(error is BuildError) { Issue.record("\(error)") }
                }
            }
            attempt {
                switch try OCIDocument(parsing: bytes, mediaType: nil, name: "it") {
                case .index(let index):
                    _ = index.candidates(for: .amd64)
                    _ = index.platforms
                case .manifest(let manifest): _ = manifest.layers.reduce(0) { $0 &+ $1.size }
                }
            }
            attempt { _ = ImageConfiguration(try OCIImageConfiguration(parsing: bytes, name: "it")) }
            attempt { _ = try decodeJSON([DockerArchive.Entry].self, from: bytes, name: "it") }
            _ = RegistryErrors.reason(in: bytes)
        }
        #expect(read > count / 20 && refused > count / 20, "\(read) were read, \(refused) refused")
    }

    @Test("Sizes that add up past all numbers are refused, not added")
    func hugeSizes() async throws {
        let scratch = try TemporaryDirectory()
        let cache = try ContainerCache(dataDirectory: scratch.path)
        let layout = try LayoutFixture(at: scratch.path("layout"))
        let config = try layout.blob(#"{"architecture":"amd64","os":"linux"}"#.utf8, type: OCIMediaType.config)
        let layers = (0..<3).map { OCIDescriptor(mediaType: OCIMediaType.layer, digest: Digest(of: [$0]), size: .max) }
        try layout.finish([
            ("web", try layout.document(OCIManifest(config: config, layers: layers), type: OCIMediaType.manifest))
        ])
        let file = try await layout.archive()
        #expect(await refusal { try await cache.load(file: file) }?.message.contains("more than") == true)
    }
}
