import Foundation
import Testing
import Vocabulary

@testable import Build

#if canImport(System)
import System
#else
import SystemPackage
#endif

/// What others read in the archives and file systems that are made of a root.
@Suite("Roots as archives")
struct RootArchiveTests {
    /// An entry as libarchive reads it, with its content.
    private struct Seen: Hashable {
        var entry: TreeEntry
        var content: [UInt8]?
    }

    private func read(_ path: String) throws -> [BytePath: Seen] {
        let file = try SharedFile(reading: path)
        let archive = try LayerArchive(ArchiveInput(file, size: file.size), name: path)
        var seen: [BytePath: Seen] = [:]
        while let next = try archive.next() {
            var content: [UInt8]?
            if case .file(let size) = next.kind {
                var bytes = [UInt8](repeating: 0, count: Int(size))
                let count = try bytes.withUnsafeMutableBytes { try archive.read(into: $0) }
                #expect(count == bytes.count)
                content = bytes
            }
            seen[next.metadata.path] = Seen(entry: next.metadata, content: content)
        }
        return seen
    }

    private func expected(_ image: BuiltImage, includesBoot: Bool) throws -> [BytePath: Seen] {
        var expected: [BytePath: Seen] = [:]
        for placed in image.root.entries where includesBoot || placed.part != 0 {
            var seen = Seen(entry: placed.entry)
            if case .file(let content) = placed.entry.kind {
                var bytes: [UInt8] = []
                try image.contents.read(content) { bytes += $0 }
                seen = Seen(entry: placed.entry, content: bytes)
                // How a reader says that the content is still to come.
                seen.entry.kind = .directory
            }
            expected[placed.entry.path] = seen
        }
        return expected
    }

    private func compare(_ seen: [BytePath: Seen], _ expected: [BytePath: Seen]) {
        for (path, entry) in expected { #expect(seen[path] == entry, "\(path)") }
        #expect(Set(seen.keys) == Set(expected.keys))
    }

    private func write(_ image: BuiltImage, includesBoot: Bool, to path: String) throws {
        var bytes: [UInt8] = []
        try image.builtRoot.writeRoot(includesBoot: includesBoot) { bytes += $0 }
        try Data(bytes).write(to: URL(filePath: path))
    }

    @Test("libarchive reads every entry as it is", arguments: [true, false])
    func libarchive(includesBoot: Bool) throws {
        let directory = try TemporaryDirectory()
        let image = try HandMadeImage(in: directory).image
        try write(image, includesBoot: includesBoot, to: directory.path("root.tar"))
        compare(try read(directory.path("root.tar")), try expected(image, includesBoot: includesBoot))
    }

    @Test("GNU tar reads the same names in the same order, without a word")
    func gnuTar() async throws {
        let directory = try TemporaryDirectory()
        let image = try HandMadeImage(in: directory).image
        try write(image, includesBoot: true, to: directory.path("root.tar"))
        let options = ["--list", "--quoting-style", "escape", "--file", directory.path("root.tar")]
        let names = try await HostProgram.run("tar", options).split(separator: "\n")
        #expect(names.count == image.root.entries.count)
        #expect(names.first == "boot/")
        #expect(names.contains(#"f\377\376"#))
        #expect(names.contains { $0 == String(repeating: "n", count: 255) + "/deep" })
    }

    /// Owners, devices, links, attributes and odd names, all the way into the file system and out of it.
    @Test("a squashfs holds what the root has")
    func squashfs() async throws {
        let directory = try TemporaryDirectory()
        let made = try HandMadeImage(in: directory)
        let paths = try await ImageFormats.write(
            made.image,
            as: ImageFormats.parse("kernel+squashfs"),
            name: "image",
            directory: directory.path("output"),
            blobs: made.blobs
        )
        let tar = try FileDescriptor.open(
            FilePath(directory.path("seen.tar")),
            .writeOnly,
            options: [.create, .exclusiveCreate],
            permissions: .ownerReadWrite
        )
        defer { try? tar.close() }
        try await HostProgram.run("sqfs2tar", [paths[2]], output: tar)
        compare(try read(directory.path("seen.tar")), try expected(made.image, includesBoot: false))
    }

    @Test("numbers and times that no header holds are in records")
    func records() throws {
        let directory = try TemporaryDirectory()
        var image = try HandMadeImage(in: directory).image
        let old = TreeEntry(path: "old", kind: .directory, permissions: 0o1777, owner: .max, group: .max, modified: -5)
        let late = TreeEntry(path: "late", kind: .fifo, permissions: 0, modified: 1 << 35)
        image.root.entries = [old, late].map { PlacedEntry(entry: $0, part: 1) }
        try write(image, includesBoot: true, to: directory.path("root.tar"))
        compare(try read(directory.path("root.tar")), try expected(image, includesBoot: true))
    }

    @Test("a content of another length than announced ends the archive")
    func length() throws {
        let writer = TarWriter { _ in }
        let entry = TreeEntry(path: "file", kind: .file(FileContent("four")), permissions: 0o644)
        #expect(throws: BuildError.self) {
            try writer.append(entry) { emit in try Array("five5".utf8).withUnsafeBytes(emit) }
        }
    }
}
