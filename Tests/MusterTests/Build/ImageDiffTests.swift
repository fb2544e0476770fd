import Foundation
import Inventory
import Testing
import Vocabulary

@testable import Build
@testable import muster

@Suite("muster image diff and inspect", .blocking)
struct ImageDiffTests {
    private let directory = try! TemporaryDirectory()
    private var data: [String] { ["--data", directory.path + "/data"] }

    /// Imports an image with one part.
    private func importImage(_ name: String, _ files: [(String, String, UInt16)], commandLine: String) throws {
        var bytes: [UInt8] = []
        var writer = NewcWriter { span in span.withUnsafeBytes { bytes.append(contentsOf: $0) } }
        for (path, text, permissions) in files {
            let content = Array(text.utf8)
            let kind = NewcEntry.Kind.file(size: UInt64(content.count))
            try writer.append(NewcEntry(path: .init(path), kind: kind, permissions: permissions), data: content)
        }
        try writer.finish()
        let initrd = directory.path + "/\(name).img"
        try Data(bytes).write(to: URL(fileURLWithPath: initrd))
        let kernel = try directory.file("kernel", String(repeating: "k", count: 4096)).path
        let result = try ExecutableUnderTest.run(
            ["image", "import", "--name", name, "--kernel", kernel, "--initrd", initrd, "--cmdline", commandLine] + data
        )
        try #require(result.status == 0, "\(result.errors)")
    }

    private func importBoth() throws {
        let status = "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9\n"
        let database = "lower/var/lib/dpkg/status"
        try importImage("old", [("a", "1", 0o644), (database, status, 0o644), ("b", "", 0o644)], commandLine: "quiet")
        let newer = status.replacingOccurrences(of: "-9", with: "-10")
        try importImage(
            "new",
            [("a", "222", 0o4755), (database, newer, 0o644), ("c", "", 0o600)],
            commandLine: "debug"
        )
    }

    @Test("people read what changed")
    func text() throws {
        try importBoth()
        let result = try ExecutableUnderTest.run(["image", "diff", "old", "new"] + data)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("command line  -quiet +debug\n"))
        #expect(!result.output.contains("kernel "))
        #expect(result.output.contains("packages (1)\n  ~ libc6  2.36-9  →  2.36-10  in /lower\n"))
        #expect(result.output.contains("files (4)\n  ~ /a"))
        #expect(result.output.contains("1 B  →  3 B  (+2 B)"))
        #expect(result.output.contains("content, mode 0644→4755\n"))
        #expect(result.output.contains("\n  - /b"))
        #expect(result.output.contains("\n  + /c"))
        let same = try ExecutableUnderTest.run(["image", "diff", "old", "old"] + data)
        #expect(same.output.hasPrefix("no difference: both are sha256:"))
    }

    @Test("programs read one document")
    func json() throws {
        try importBoth()
        let result = try ExecutableUnderTest.run(["image", "diff", "old", "new", "--json"] + data)
        let document = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
        let line = try #require(document["commandLine"] as? [String: [String]])
        #expect(line == ["removed": ["quiet"], "added": ["debug"]])
        let files = try #require(document["files"] as? [[String: Any]])
        #expect(files.compactMap { $0["path"] as? String } == ["/a", "/b", "/c", "/lower/var/lib/dpkg/status"])
        #expect(files[0]["differs"] as? [String] == ["content", "mode"])
        #expect((files[0]["new"] as? [String: Any])?["mode"] as? String == "4755")
        #expect(files[1]["new"] == nil)
        let packages = try #require(document["packages"] as? [[String: String]])
        #expect(packages.first?["old"] == "2.36-9")
        #expect(document["kernel"] == nil)
    }

    @Test("a profile's name stands for what its machines are to run")
    func profiles() async throws {
        try importBoth()
        let inventory = try InventoryStore(path: directory.path + "/data/inventory.sqlite")
        defer { inventory.close() }
        var profiles = ["Lab", "db"].map { Profile(name: $0, image: .reference("new")) }
        profiles.append(Profile(name: "later", image: .definitions(["later.yml"])))
        _ = try await inventory.apply(profiles.map { .profile($0) })
        let images = try ImageStore(dataDirectory: directory.path + "/data")
        let old = try images.resolve("old")
        _ = try await inventory.release("db", images: [.amd64: old], at: Timestamp(milliseconds: 0))
        // What was released, else what the profile names; an image's own name comes before any profile's.
        let released = try ExecutableUnderTest.run(["image", "diff", "old", "db"] + data)
        #expect(released.output.hasPrefix("no difference: both are \(old)"), "\(released.errors)")
        let named = try ExecutableUnderTest.run(["image", "inspect", "Lab"] + data)
        #expect(named.output.contains("\(try images.resolve("new"))"), "\(named.errors)")
        let unbuilt = try ExecutableUnderTest.run(["image", "inspect", "later"] + data)
        #expect(unbuilt.status == 1 && unbuilt.errors.contains("later.yml was not built"))
        let missing = try ExecutableUnderTest.run(["image", "inspect", "Nothing"] + data)
        #expect(missing.status == 1 && missing.errors.contains("no profile is called so"))
    }

    @Test("inspect lists files and packages")
    func inspect() throws {
        try importBoth()
        let files = try ExecutableUnderTest.run(["image", "inspect", "new", "--files"] + data)
        let row = files.output.split(separator: "\n").first { $0.hasSuffix("/a") }
        #expect(row?.split(separator: " ").joined(separator: " ") == "4755 0:0 3 B initrd file /a")
        let packages = try ExecutableUnderTest.run(["image", "inspect", "new", "--packages", "--json"] + data)
        #expect(packages.output.contains("pkg:deb/debian/libc6@2.36-10?arch=amd64"))
        let both = try ExecutableUnderTest.run(["image", "inspect", "new", "--packages", "--files"] + data)
        #expect(both.status == 64)
        let missing = try ExecutableUnderTest.run(["image", "diff", "new", "nothing"] + data)
        #expect(missing.status == 1)
        #expect(missing.errors.contains("there is no image 'nothing'"))
    }
}
