import Foundation
import Subprocess
import Testing
import Vocabulary

@testable import Build

@Suite("Images as tar archives")
struct TarFormatTests {
    let data: TemporaryDirectory
    let built: BuiltImage
    let blobs: BlobStore

    init() async throws {
        data = try TemporaryDirectory()
        built = try await ImageBuilder(dataDirectory: data.path, source: FixtureImages.machine()).build(BuildRequest())
        blobs = try BlobStore(dataDirectory: data.path)
    }

    private func write(_ format: String) async throws -> String {
        let files = try await ImageFormats.write(
            built,
            as: try ImageFormats.parse(format),
            name: "m",
            directory: data.path("out"),
            blobs: blobs
        )
        return try #require(files.first)
    }

    @Test("tar: the whole root, as bsdtar unpacks it")
    func tar() async throws {
        let path = try await write("tar")
        #expect(path.hasSuffix("/m.tar"))
        try FileManager.default.createDirectory(atPath: data.path("root"), withIntermediateDirectories: false)
        try await HostProgram.run("bsdtar", ["-xpf", path, "-C", data.path("root")])
        let found = try UnpackedTree(below: data.path("root"))
        #expect(try Data(contentsOf: URL(filePath: data.path("root/boot/kernel"))).count == 300_000)
        #expect(try String(contentsOfFile: data.path("root/boot/cmdline"), encoding: .utf8) == "console=ttyS0")
        // The root as a machine has it, which is all but the files in boot.
        var rest = found
        for name in ["kernel", "cmdline", "ucode.cpio"] { rest.nodes[BytePath("boot/\(name)")] = nil }
        let expected = try UnpackedTree(of: built.root, contents: built.contents)
        let differences = rest.differences(from: expected)
        #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
    }

    @Test("tar-kernel-initrd: kernel, initrd, command line and microcode under LinuxKit's names")
    func parts() async throws {
        let path = try await write("tar-kernel-initrd")
        #expect(path.hasSuffix("/m-initrd.tar"))
        let names = try await HostProgram.run("bsdtar", ["-tf", path])
        #expect(names == "kernel\ninitrd.img\nucode.cpio\ncmdline\n")
        let listing = try await HostProgram.run(
            "bash",
            ["-c", "bsdtar -xOf '\(path)' initrd.img | zstd -dcq | bsdtar -tf - | head -n 1"]
        )
        #expect(listing == "boot\n")
        let long = try await HostProgram.run("bsdtar", ["-tvf", path], environment: ["TZ": "UTC", "LC_ALL": "C"])
        #expect(long.split(separator: "\n").allSatisfy { $0.contains(" Apr 18  2017 ") }, "\(long)")
        let first = try Data(contentsOf: URL(filePath: path))
        try FileManager.default.removeItem(atPath: path)
        #expect(try Data(contentsOf: URL(filePath: try await write("tar-kernel-initrd"))) == first)
    }

    @Test("tar-kernel-initrd: microcode and nothing else, and microcode of which the manifest knows nothing")
    func microcodeAlone() async throws {
        for keepsMicrocode in [true, false] {
            var image = built
            image.manifest.initrd.removeAll { $0.part != "microcode" || !keepsMicrocode }
            let files = try await ImageFormats.write(
                image,
                as: try ImageFormats.parse("tar-kernel-initrd"),
                name: "m",
                directory: data.path("out"),
                blobs: blobs
            )
            let names = try await HostProgram.run("bsdtar", ["-tf", try #require(files.first)])
            #expect(names == (keepsMicrocode ? "kernel\nucode.cpio\ncmdline\n" : "kernel\ncmdline\n"))
        }
    }
}
