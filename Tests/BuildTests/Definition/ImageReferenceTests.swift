import Testing
import Vocabulary

@testable import Build

@Suite("Image references")
struct ImageReferenceTests {
    private static let hex = String(repeating: "0a", count: 32)

    @Test(
        "what Docker takes, whole",
        arguments: [
            ("alpine", "docker.io/library/alpine"), ("alpine:3.21", "docker.io/library/alpine:3.21"),
            ("linuxkit/init:b5506cc74a68", "docker.io/linuxkit/init:b5506cc74a68"),
            ("a/b/c", "docker.io/a/b/c"), ("docker.io/alpine", "docker.io/library/alpine"),
            ("index.docker.io/alpine", "docker.io/library/alpine"),
            ("docker.io/library/alpine", "docker.io/library/alpine"),
            ("localhost/a", "localhost/a"), ("localhost:5000/a:b", "localhost:5000/a:b"),
            ("ghcr.io/a/b:c", "ghcr.io/a/b:c"),
            ("host:5000/a", "host:5000/a"), ("HOST/a", "HOST/a"), ("127.0.0.1:5000/a", "127.0.0.1:5000/a"),
            ("[::1]:5000/a:b", "[::1]:5000/a:b"), ("[fe80::1]/a", "[fe80::1]/a"),
            ("a@sha256:\(hex)", "docker.io/library/a@sha256:\(hex)"),
            ("a:b@sha256:\(hex)", "docker.io/library/a:b@sha256:\(hex)"),
            ("docker://alpine:3", "docker.io/library/alpine:3"), ("a__b/c-d--e.f_g", "docker.io/a__b/c-d--e.f_g"),
            ("a:_x", "docker.io/library/a:_x"), ("a:" + String(repeating: "t", count: 128), nil),
            ("docker.io/" + String(repeating: "r", count: 247), nil),
            // skopeo's transports.
            ("oci:/a/b", "oci:/a/b"), ("oci:a:name", "oci:a:name"), ("oci:a:host:5000/n:t", "oci:a:host:5000/n:t"),
            ("oci-archive:a.tar:n", "oci-archive:a.tar:n"), ("docker-archive:a.tar:n:t", "docker-archive:a.tar:n:t"),
            ("dir:/a:b", "dir:/a:b"), ("oci:a:", "oci:a"),
        ] as [(String, String?)]
    )
    func accepted(_ text: String, is expected: String?) throws {
        let reference = try #require(ImageReference(text))
        if let expected { #expect(reference.description == expected) }
        #expect(ImageReference(reference.description) == reference)
    }

    @Test(
        "what is none",
        arguments: [
            "", " ", "A", "a b", "a:", "a:b:c", ":a", "/a", "a/", "a//b", "a/.b", "a..b", "a___b", "-a", "a-", "a:-b",
            "a:b/c d",
            "a@", "a@sha256:00", "a@md5:\(hex)", "a@sha256:\(hex)0", "a@sha256:\(hex.uppercased())", "host:x/a",
            "host:65536/a",
            "host:0/a", "host:+5/a", "host:/a", "-host.x/a", "ho_st.x/a", "[::1/a", "[]:5/a", "[x]/a", "[::1]5/a",
            "host.x/",
            "oci:", "dir:", "oci-archive:", "docker-archive::n", "docker://", "ä", "a:ä", "a\n",
            "a:" + String(repeating: "t", count: 129), "docker.io/" + String(repeating: "r", count: 256),
            String(repeating: "h", count: 256) + ".x/a",
        ]
    )
    func refused(_ text: String) {
        #expect(ImageReference(text) == nil)
    }

    @Test("parts")
    func parts() throws {
        let reference = try #require(DockerReference("[::1]:5000/a/b:c@sha256:\(Self.hex)"))
        #expect(reference.registry == "[::1]:5000")
        #expect(reference.repository == "a/b")
        #expect(reference.tag == "c")
        #expect(reference.digest == Digest("sha256:\(Self.hex)"))
        #expect(ImageReference("oci:a") == .layout(path: "a", name: nil))
        #expect(ImageReference("docker-archive:a:n:t") == .dockerArchive(path: "a", name: "n:t"))
    }
}
