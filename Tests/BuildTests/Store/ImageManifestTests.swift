import Testing
import Vocabulary

@testable import Build

@Suite("Image manifests")
struct ImageManifestTests {
    static let kernel = Blob(digest: Digest(hex: String(repeating: "1", count: 64))!, size: 11)
    static let initrd = ImageManifest.Part(
        digest: Digest(hex: String(repeating: "2", count: 64))!,
        size: 7,
        part: "initrd"
    )
    static let manifest = ImageManifest(
        architecture: .amd64,
        kernel: kernel,
        initrd: [initrd],
        commandLine: "console=ttyS0 say=\"hé\\\"",
        labels: ["b": "2", "a": "1\n"]
    )

    @Test("Are spelled in exactly one way")
    func spelling() {
        let one = String(repeating: "1", count: 64), two = String(repeating: "2", count: 64)
        let expected =
            #"{"arch":"amd64","cmdline":"console=ttyS0 say=\"hé\\\"","initrd":[{"digest":"sha256:\#(two)","part":"initrd","#
            + #""size":7}],"kernel":{"digest":"sha256:\#(one)","size":11},"labels":{"a":"1\u000a","b":"2"},"version":1}"#
        #expect(String(decoding: Self.manifest.canonicalBytes, as: UTF8.self) == expected)
        #expect(Self.manifest.digest == Digest(of: Array(expected.utf8)))
    }

    @Test("Come back as they went, with and without a root", arguments: [true, false])
    func roundTrip(hasRoot: Bool) throws {
        var manifest = Self.manifest
        if hasRoot {
            manifest.root = .init(digest: Self.kernel.digest, size: 3, type: .squashfs)
            manifest.root?.verity = .init(hash: Self.kernel.digest, offset: 4096, salt: "ab")
        }
        #expect(try ImageManifest(parsing: manifest.canonicalBytes) == manifest)
    }

    @Test(
        "Are refused when they are anything else",
        arguments: [
            ("", "no image manifest"),
            ("{}", "has no"),
            ("[]", "no image manifest"),
            (String(decoding: manifest.canonicalBytes, as: UTF8.self) + "\n", "canonical"),
            (
                String(decoding: manifest.canonicalBytes, as: UTF8.self)
                    .replacing("\"version\":1", with: "\"version\":2"), "version 2"
            ),
            (
                String(decoding: manifest.canonicalBytes, as: UTF8.self)
                    .replacing("\"version\":1", with: "\"version\":1,\"x\":1"), "canonical"
            ),
            (
                String(decoding: manifest.canonicalBytes, as: UTF8.self)
                    .replacing("\"arch\":\"amd64\"", with: "\"arch\":\"x86_64\""), "architecture"
            ),
        ]
    )
    func refusal(_ text: String, _ reason: String) {
        let error = #expect(throws: BuildError.self) { try ImageManifest(parsing: Array(text.utf8)) }
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test("Every truncation is refused")
    func truncation() {
        let bytes = Self.manifest.canonicalBytes
        for length in 0..<bytes.count {
            #expect(throws: BuildError.self) { try ImageManifest(parsing: Array(bytes[..<length])) }
        }
    }
}
