import Foundation
import Testing

@Suite("muster image export", .blocking)
struct ImageExportTests {
    private let directory = try! TemporaryDirectory()
    private var data: [String] { ["--data", directory.path + "/data"] }

    private func run(_ arguments: [String]) throws -> ExecutableUnderTest.Result {
        try ExecutableUnderTest.run(["image"] + arguments + data, directory: directory.path)
    }

    /// Imports an image, of whose initrd the first part's length is no multiple of 4.
    private func prepare() throws {
        try directory.file("kernel", String(repeating: "k", count: 4096))
        try directory.file("one", "070701...")
        try directory.file("two", "second")
        let imported = try run(
            ["import", "--name", "web", "--kernel", directory.path + "/kernel"]
                + ["one", "two"].flatMap { ["--initrd", "\(directory.path)/\($0)"] } + ["--cmdline", "quiet"]
        )
        try #require(imported.status == 0, "\(imported.errors)")
    }

    private func text(_ file: String) throws -> String {
        try String(contentsOfFile: "\(directory.path)/\(file)", encoding: .utf8)
    }

    @Test("an image comes out as it went in, under its name, its digest or another name")
    func files() throws {
        try prepare()
        let exported = try run(["export", "web"])
        #expect(
            exported.status == 0 && exported.output == "web-kernel\nweb-initrd.img\nweb-cmdline\n",
            "\(exported.errors)"
        )
        #expect(try text("web-kernel") == text("kernel") && text("web-cmdline") == "quiet")
        #expect(try text("web-initrd.img") == "070701...\0\0\0second")
        let listed = try run(["ls", "--json"])
        let images = try #require(try JSONSerialization.jsonObject(with: Data(listed.output.utf8)) as? [[String: Any]])
        let digest = try #require((images.first?["digest"] as? String)?.split(separator: ":").last)
        let short = String(digest.prefix(12))
        let again = try run(["export", String(digest.prefix(8)), "--dir", "out", "--format", "oci"])
        #expect(again.output == "out/\(short).oci\n", "\(again.errors)")
        #expect(try run(["export", "web", "--name", "other"]).output.hasPrefix("other-kernel\n"))
    }

    @Test(
        "a format that needs a root is refused, and nothing is written",
        arguments: ["tar", "kernel+squashfs", "iso-bios"]
    )
    func roots(format: String) throws {
        try prepare()
        let refused = try run(["export", "web", "--format", format, "--dir", "out"])
        #expect(refused.status == 1 && refused.errors.contains("no root of its own"), "\(refused.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path + "/out").isEmpty)
        #expect(try run(["export", "web", "--format", "floppy"]).status == 64)
        #expect(try run(["export", "web", "--secureboot-key", "k"]).status == 64)
        #expect(try run(["export", "nothing"]).status == 1)
    }
}
