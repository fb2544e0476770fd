import Foundation
import Testing

@testable import Build

@Suite("muster build", .blocking)
struct BuildCommandTests {
    private let directory = try! TemporaryDirectory()
    private var data: [String] { ["--data", directory.path + "/data"] }

    private static let status = "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9\n"

    private static let definition = """
        kernel: {image: "example.org/kernel:1", cmdline: "console=ttyS0 who=${who}", tar: none}
        services:
          - name: web
            image: example.org/web:1
        files:
          - path: etc/motd
            contents: "hello ${who}, ${HOME}"
        """

    /// Fills the cache with a kernel and a service, and writes `web.yml`.
    private func prepare(_ definition: String = definition) throws {
        try ContainerFixture.fill(
            cacheOf: directory.path + "/data",
            with: [
                "example.org/kernel:1": ["kernel": String(repeating: "k", count: 4096)],
                "example.org/web:1": ["run": "#!/bin/sh\n", "var/lib/dpkg/status": Self.status],
            ],
            in: directory
        )
        try directory.file("web.yml", definition)
    }

    private func build(_ arguments: [String]) throws -> ExecutableUnderTest.Result {
        try ExecutableUnderTest.run(["build", "--offline"] + arguments + data, directory: directory.path)
    }

    private func document(_ result: ExecutableUnderTest.Result) throws -> [String: Any] {
        try #require(result.status == 0, "\(result.errors)")
        return try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    }

    private func text(_ file: String) throws -> String {
        try String(contentsOfFile: "\(directory.path)/\(file)", encoding: .utf8)
    }

    @Test(
        "bad usage is status 64",
        arguments: [
            [], ["-"], ["a.yml", "--format", "floppy"], ["a.yml", "--set", "1=2"], ["a.yml", "--set", "x"],
            ["a.yml", "--pull"], ["a.yml", "--name", "Web"], ["a.yml", "--arch", "vax"], ["-", "-", "--name", "web"],
            ["a.yml", "--profile", "web"], ["--profile", "web", "--arch", "vax"],
            ["a.yml", "--secureboot-key", "k"], ["a.yml", "--mirror", "https://mirror.example.org"],
        ]
    )
    func badUsage(arguments: [String]) throws {
        let result = try build(arguments)
        #expect(result.status == 64, "\(result.errors)")
        #expect(result.errors.contains("Usage:"))
    }

    @Test("what is wrong stands first on its line, with its place")
    func definitionErrors() throws {
        try directory.file("a.yml", "kernel:\n  imgae: x\n")
        try directory.file("b.yml", "services:\n  - {name: web}\n")
        let result = try build(["a.yml", "b.yml"])
        #expect(result.status == 1)
        #expect(result.output == "")
        let lines = result.errors.split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix("a.yml:2:3: ") && $0.contains("imgae") })
        #expect(lines.contains { $0.hasPrefix("b.yml:2:5: ") })
    }

    @Test("without a kernel there is a root, for those formats that need none; the others are named")
    func withoutKernel() async throws {
        try prepare("services: [{name: web, image: 'example.org/web:1'}]\n")
        let refused = try build(["web.yml", "--format", "tar,iso,uki"])
        #expect(refused.status == 1 && refused.output.isEmpty)
        #expect(refused.errors.contains("no `kernel:` with an image") && refused.errors.contains("no iso, uki;"))
        #expect(refused.errors.contains("--format tar"))
        #expect(try build(["web.yml"]).errors.contains("no kernel+initrd;"))
        #expect(try build(["web.yml", "--format", "tar", "--sbom"]).status == 1)
        #expect(try build(["web.yml", "--root", "squashfs", "--sbom"]).status == 64)
        let report = try document(try build(["web.yml", "--format", "tar", "--json"]))
        #expect(report["files"] as? [String] == ["web.tar"] && report["digest"] == nil && report["kernel"] == nil)
        let listing = try await HostProgram.run("tar", ["-tf", "\(directory.path)/web.tar"])
        #expect(listing.contains("containers/services/web/lower/run\n") && !listing.contains("boot"))
        let images = try ExecutableUnderTest.run(["image", "ls", "--json"] + data)
        #expect(images.status == 0 && !images.output.contains("digest"), "there is no image to boot")
    }

    @Test("a command line that the kernel would cut off is refused, and one without room for a boot's own is warned of")
    func commandLine() throws {
        func build(_ length: Int) throws -> ExecutableUnderTest.Result {
            let line = String(repeating: "x", count: length)
            try prepare(Self.definition.replacingOccurrences(of: "console=ttyS0 who=${who}", with: line))
            return try self.build(["web.yml"])
        }
        let tooLong = try build(2048)
        #expect(
            tooLong.status == 1
                && tooLong.errors.contains("the command line has 2048 bytes, and this kernel, for amd64")
        )
        let long = try build(2047)
        #expect(long.status == 0 && long.errors.contains("warning: the command line has 2047 bytes"))
        #expect(try !build(2047 - 256).errors.contains("warning: the command line"))
    }

    @Test("an image is built, named and written, and again it is the same")
    func build() throws {
        try prepare()
        let arguments = ["web.yml", "--set", "who=you", "--dir", "out", "--json"]
        let first = try document(build(arguments))
        #expect(first["name"] as? String == "web")
        #expect(first["release"] as? Int == 1)
        #expect(first["commandLine"] as? String == "console=ttyS0 who=you")
        #expect(first["files"] as? [String] == ["out/web-kernel", "out/web-initrd.img", "out/web-cmdline"])
        #expect(try text("out/web-cmdline").hasPrefix("console=ttyS0 who=you"))
        let parts = try #require(first["initrd"] as? [[String: Any]])
        #expect(parts.compactMap { $0["part"] as? String } == ["boot", "services/web", "files"])
        let again = try document(build(arguments))
        #expect(again["digest"] as? String == first["digest"] as? String)
        #expect(again["release"] as? Int == 1)
        let changed = try document(build(["web.yml", "--set", "who=me", "--dir", "out", "--json"]))
        #expect(changed["release"] as? Int == 2)

        let digests = [first, changed].compactMap { $0["digest"] as? String }
        let difference = try ExecutableUnderTest.run(["image", "diff"] + digests + data)
        #expect(difference.output.contains("command line  -who=you +who=me\n"))
        #expect(difference.output.contains("files (1)\n  ~ /etc/motd"))
        #expect(!difference.output.contains("packages"))
    }

    @Test("people read what happens and what was made")
    func lines() throws {
        try prepare()
        let result = try build(["web.yml", "--set", "who=you"])
        #expect(result.status == 0, "\(result.errors)")
        let lines = result.output.split(separator: "\n")
        #expect(lines.first?.hasPrefix("web release 1 (amd64): sha256:") == true)
        #expect(lines.dropFirst().contains { $0.hasSuffix("web-initrd.img") })
        let progress = Set(result.errors.split(separator: "\n").map(String.init))
        #expect(progress.contains("example.org/web:1: cached"))
        #expect(progress.contains { $0.hasPrefix("services/web: ") && $0.hasSuffix("iB") && !$0.contains("cached") })
        let again = try build(["web.yml", "--set", "who=you"])
        #expect(again.errors.contains("services/web: cached, "))
    }

    @Test("a bill of materials on request, and the same bytes each time")
    func billOfMaterials() throws {
        try prepare()
        _ = try document(build(["web.yml", "--set", "who=you", "--dir", "a", "--sbom", "--json"]))
        _ = try document(build(["web.yml", "--set", "who=you", "--dir", "b", "--sbom", "--json"]))
        let text = try text("a/web.spdx.json")
        #expect(try text == self.text("b/web.spdx.json"))
        #expect(text.contains("pkg:deb/debian/libc6@2.36-9?arch=amd64"))
        #expect(text.contains("/containers/services/web/lower"))
    }

    @Test("--dry-run prints the merged definition and makes nothing")
    func dryRun() throws {
        try directory.file("web.yml", Self.definition)
        try directory.file("more.yml", "init: [example.org/init:2]\n")
        let result = try build(["web.yml", "more.yml", "--set", "who=you", "--dry-run"])
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("console=ttyS0 who=you"))
        #expect(result.output.contains("hello you, ${HOME}"))
        #expect(result.output.contains("- example.org/init:2"))
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/data/blobs"))
    }

    @Test("an image that is nowhere is named")
    func missing() throws {
        try directory.file("web.yml", Self.definition)
        let result = try build(["web.yml"])
        #expect(result.status == 1)
        #expect(result.errors.contains("example.org/"))
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/web-kernel"))
    }
}
