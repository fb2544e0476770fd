import Foundation
import Glibc
import Testing
import Vocabulary

@testable import Build

@Suite("Layers: what they may not be")
struct HostileLayerTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func table(_ tar: TarArchive, limits: LayerStore.Limits = .init()) async throws -> LayerTable {
        let store = try LayerStore(dataDirectory: directory.path("data"), limits: limits)
        return try await store.table(of: LayerBlob(tar.finished, in: directory))
    }

    /// Refused with a sentence that has all of `parts`, and nothing is left but what was there.
    private func expectRefusal(_ tar: TarArchive, limits: LayerStore.Limits = .init(), _ parts: String...) async throws
    {
        do {
            _ = try await table(tar, limits: limits)
            Issue.record("accepted")
        } catch let error as BuildError {
            for part in parts { #expect(error.message.contains(part), "\(error)") }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path("data/layers")) == [])
    }

    @Test("a path cannot leave the root", arguments: ["../a", "a/../../b", "/../a", "..", "a/.."])
    func leavingPath(_ path: String) async throws {
        var tar = TarArchive()
        tar.add(BytePath(path), contents: [1])
        try await expectRefusal(tar, "cannot unpack the layer sha256:", "leaves the root")
        var link = TarArchive()
        link.hardLink("a", to: BytePath(path))
        try await expectRefusal(link, "leaves the root")
    }

    @Test("an absolute path is one in the root")
    func absolutePath() async throws {
        var tar = TarArchive()
        tar.add("//etc/./passwd")
        #expect(try await table(tar).entries.map(\.path) == ["etc/passwd"])
    }

    @Test("a link that leads out of the root leads to the root")
    func escapingLinks() async throws {
        var tar = TarArchive()
        tar.symbolicLink("a", to: "../../..")
        tar.symbolicLink("b", to: "/")
        tar.add("a/one")
        tar.add("b/etc/two")
        let tree = FileTree()
        try tree.lay(try await table(tar), part: 0)
        #expect(tree.entries.map(\.entry.path) == ["a", "b", "etc", "etc/two", "one"])
    }

    @Test("pieces of a sparse file that do not follow one another are refused, not waited for", .timeLimit(.minutes(1)))
    func disorder() async throws {
        let map = Array("2\n100\n4\n0\n4\n".utf8)
        var tar = TarArchive()
        tar.add(
            "s",
            contents: map + [UInt8](repeating: 0, count: 512 - map.count) + [1, 2, 3, 4, 5, 6, 7, 8],
            records: [
                ("GNU.sparse.major", Array("1".utf8)), ("GNU.sparse.minor", Array("0".utf8)),
                ("GNU.sparse.name", Array("s".utf8)), ("GNU.sparse.realsize", Array("1000".utf8)),
            ]
        )
        try await expectRefusal(tar, "cannot read the layer sha256:", "sparse")
    }

    @Test("links in a circle are refused")
    func circle() async throws {
        var tar = TarArchive()
        tar.symbolicLink("a", to: "b")
        tar.symbolicLink("b", to: "a")
        tar.add("a/file")
        let table = try await table(tar)
        #expect(throws: BuildError.self) { try FileTree().lay(table, part: 0) }
    }

    @Test("links cannot make a tree that is too deep for whoever walks it")
    func depth() async throws {
        var tar = TarArchive()
        var top: BytePath = ""
        for level in 0..<30 {
            let deep = BytePath(
                Array(repeating: [UInt8(ascii: "d")], count: 1000).joined(separator: [UInt8(ascii: "/")])
            )
            let link = BytePath("l\(level)")
            let end = top.bytes.isEmpty ? deep : BytePath(top.bytes + [UInt8(ascii: "/")] + deep.bytes)
            tar.directory(end)
            tar.symbolicLink(link, to: end)
            top = link
        }
        let table = try await table(tar)
        #expect(throws: BuildError.self) { try FileTree().lay(table, part: 0) }
    }

    @Test("a mark that hides nothing hides nothing", arguments: [".wh.", ".wh..", ".wh...", ".wh..wh.aufs"])
    func marks(_ name: String) async throws {
        var tar = TarArchive()
        tar.add(BytePath("a/\(name)"))
        let tree = FileTree()
        try tree.put(TreeEntry(path: "a/b", kind: .fifo, permissions: 0o600), part: 0)
        try tree.lay(try await table(tar), part: 0)
        #expect(tree.entries.map(\.entry.path) == ["a", "a/b"])
    }

    @Test("a full disk is said to be full, and has as much room as before")
    func fullDisk() async throws {
        try #require(geteuid() == 0, "needs root, to mount a small disk: sudo make test")
        let data = directory.path("small")
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        try #require(mount("muster-test", data, "tmpfs", 0, "size=2m") == 0)
        defer { umount2(data, CInt(MNT_DETACH)) }
        let store = try LayerStore(dataDirectory: data)
        let layer = try LayerBlob(LayerStoreTests.sample().finished, in: directory)
        let error = await #expect(throws: BuildError.self) { try await store.table(of: layer) }
        let reason = "there is no space left on the disk; free some and try again"
        #expect(error?.message == "cannot unpack the layer \(layer.digest) in \(data)/layers: \(reason)")
        var room = statvfs()
        #expect(statvfs(data, &room) == 0 && room.f_bfree * UInt(room.f_bsize) > 2 << 20 - 64 << 10)
        var small = TarArchive()
        small.add("a", contents: [1])
        #expect(try await store.table(of: LayerBlob(small.finished, in: directory)).entries.count == 1)
    }

    @Test("names are bytes: 255 of them, bad UTF-8, and both normalisations side by side")
    func names() async throws {
        let long = BytePath([UInt8](repeating: UInt8(ascii: "n"), count: 255))
        let deep = BytePath(Array(repeating: long.bytes, count: 15).joined(separator: [UInt8(ascii: "/")]))
        let paths = [
            BytePath([0xff]), BytePath([0xfe]), BytePath("\u{e9}"), BytePath("e\u{301}"), long, deep,
            BytePath("line\nbreak\\ and \t"),
        ]
        var tar = TarArchive()
        for path in paths { tar.add(path, contents: path.bytes) }
        // The same in pax headers, whose names libarchive takes for UTF-8.
        for path in paths { tar.add("x", contents: path.bytes, records: [("path", Array("pax/".utf8) + path.bytes)]) }
        for path in paths { tar.symbolicLink(BytePath(Array("link/".utf8) + path.bytes), to: path) }
        for path in paths {
            tar.add("y", type: "2", records: [("path", Array("paxlink/".utf8) + path.bytes), ("linkpath", path.bytes)])
        }
        let entries = try await table(tar).entries
        let count = paths.count
        #expect(entries[..<count].map(\.path) == paths)
        #expect(entries[count..<(2 * count)].map(\.path.bytes) == paths.map { Array("pax/".utf8) + $0.bytes })
        for (index, path) in paths.enumerated() {
            #expect(entries[2 * count + index].kind == .symbolicLink(target: path))
            #expect(entries[3 * count + index].kind == .symbolicLink(target: path))
        }
        let tree = FileTree()
        for entry in entries[..<(2 * count)] { try tree.put(entry, part: 0) }
        #expect(Set(tree.entries.map(\.entry.path)).isSuperset(of: paths))
    }

    @Test("names that are longer than Linux' are refused")
    func longNames() async throws {
        var name = TarArchive()
        name.add(BytePath([UInt8](repeating: UInt8(ascii: "n"), count: 256)))
        try await expectRefusal(name, "longer than Linux has any")
        var path = TarArchive()
        path.add(BytePath(Array(repeating: Array("name".utf8), count: 900).joined(separator: [UInt8(ascii: "/")])))
        try await expectRefusal(path, "longer than Linux has any")
        var target = TarArchive()
        target.symbolicLink("a", to: BytePath([UInt8](repeating: UInt8(ascii: "n"), count: 4096)))
        try await expectRefusal(target, "the target of the link a")
    }

    @Test("a sparse file has its holes, one at its end too")
    func sparse() async throws {
        var tar = TarArchive()
        // pax, sparse format 1.0: the map stands before the data.
        let map = Array("2\n4096\n4\n1048576\n0\n".utf8)
        tar.add(
            "GNUSparseFile.0/holes",
            contents: map + [UInt8](repeating: 0, count: 512 - map.count) + Array("data".utf8),
            records: [
                ("GNU.sparse.major", Array("1".utf8)), ("GNU.sparse.minor", Array("0".utf8)),
                ("GNU.sparse.name", Array("holes".utf8)), ("GNU.sparse.realsize", Array("1048576".utf8)),
            ]
        )
        let store = try LayerStore(dataDirectory: directory.path("data"))
        let entry = try await store.table(of: LayerBlob(tar.finished, in: directory)).entries[0]
        #expect(entry.path == "holes")
        guard case .file(let content) = entry.kind else {
            Issue.record("no file")
            return
        }
        var bytes: [UInt8] = []
        try store.read(content) { bytes += $0 }
        var expected = [UInt8](repeating: 0, count: 1_048_576)
        expected.replaceSubrange(4096..<4100, with: Array("data".utf8))
        #expect(bytes == expected && content.digest == Digest(of: expected))
    }

    @Test("a layer that expands past the limit is refused, content or not")
    func bombs() async throws {
        var limits = LayerStore.Limits()
        limits.bytes = 1 << 20
        var file = TarArchive()
        file.add("zeros", contents: [UInt8](repeating: 0, count: 1 << 20))
        #expect(try await table(file, limits: limits).entries.count == 1)
        file.add("more", contents: [0])
        try FileManager.default.removeItem(atPath: directory.path("data/layers"))
        try await expectRefusal(file, limits: limits, "expands to more than 1048576 bytes")
        limits = LayerStore.Limits()
        limits.entries = 10
        var many = TarArchive()
        for index in 0..<11 { many.add(BytePath("\(index)")) }
        try await expectRefusal(many, limits: limits, "more than 10 entries")
        var attributes = TarArchive()
        attributes.add("a", attributes: [("user.a", [UInt8](repeating: 1, count: 70_000))])
        try await expectRefusal(attributes, "more than Linux keeps")
        var names = TarArchive()
        limits.entries = 2
        names.add(BytePath(Array(repeating: Array("name".utf8), count: 600).joined(separator: [UInt8(ascii: "/")])))
        try await expectRefusal(names, limits: limits, "more bytes than a layer's table may have")
        // A table that another build saved does not pass this build's limits either.
        var other = TarArchive()
        other.add("zeros", contents: [1, 2, 3])
        _ = try await table(other)
        limits.bytes = 2
        await #expect(throws: BuildError.self) { try await table(other, limits: limits) }
    }

    @Test("owners and times that are none are refused or kept as they are")
    func numbers() async throws {
        var tar = TarArchive()
        tar.add("a", records: [("uid", Array("4294967296".utf8))])
        try await expectRefusal(tar, "a belongs to user or group 4294967296")
        var times = TarArchive()
        times.add("old", records: [("mtime", Array("-1".utf8))])
        times.add("far", records: [("mtime", Array("99999999999".utf8))])
        let modified = try await table(times).entries.map(\.modified)
        #expect(modified == [-1, 99_999_999_999])
    }

    @Test("what is cut short is refused at every length")
    func truncation() async throws {
        var tar = TarArchive()
        tar.add("a", contents: Array("alpha".utf8))
        tar.add("b", contents: [UInt8](repeating: 7, count: 600), attributes: [("user.x", [1])])
        let whole = tar.bytes
        let store = try LayerStore(dataDirectory: directory.path("data"))
        var accepted: Set<Int> = []
        for length in stride(from: 0, through: whole.count, by: 64) {
            do {
                let table = try await store.table(of: LayerBlob(Array(whole[..<length]), in: directory))
                accepted.insert(length)
                #expect(table.entries.count < 3)
            } catch {
                #expect(error is BuildError)
            }
        }
        // Only between two entries may an archive end without its two empty blocks, as it may for tar(1).
        #expect(accepted.isSubset(of: [0, 1024, whole.count]), "\(accepted.sorted())")
    }

    @Test("a layer that was damaged on disk is told from one that was made wrongly")
    func damagedBlob() async throws {
        let bytes = LayerStoreTests.sample().finished
        let layer = try LayerBlob(bytes, in: directory)
        var damaged = bytes
        damaged[2_000_000] ^= 1
        for (changed, part) in [(damaged, "does not have the digest"), (Array(bytes.dropLast(512)), "instead of")] {
            try Data(changed).write(to: URL(filePath: layer.path))
            let store = try LayerStore(dataDirectory: directory.path("data"))
            let error = await #expect(throws: BuildError.self) { try await store.table(of: layer) }
            #expect(error?.code == .corrupt && error?.message.contains(part) == true, "\(String(describing: error))")
            #expect(error?.message.contains("\(layer.path) was damaged") == true)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path("data/layers")) == [])
    }

    @Test("what is no archive is refused by name")
    func noArchive() async throws {
        let store = try LayerStore(dataDirectory: directory.path("data"))
        let layer = try LayerBlob(Array("this is no archive, however long it is".utf8), in: directory)
        let error = await #expect(throws: BuildError.self) { try await store.table(of: layer) }
        #expect(
            error?.message.hasPrefix("cannot read the layer \(layer.digest): ") == true,
            "\(String(describing: error))"
        )
    }
}
