import Foundation
import Testing
import Vocabulary

@testable import Build

/// Damaged layers and tables end in errors: a sample here, 100,000 of each with MUSTER_LONG=1.
@Suite("Layers: damaged at random")
struct LayerFuzzTests {
    static let count = ProcessInfo.processInfo.environment["MUSTER_LONG"] == "1" ? 100_000 : 1_000

    /// A few bytes changed, moved, left out or doubled; checksums of headers often put right again, so that more than
    /// the checksum is tried.
    private static func damage(_ bytes: [UInt8], _ random: inout SeededGenerator, mendsHeaders: Bool) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...6, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let length = min(Int.random(in: 1...600, using: &random), bytes.count - place)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: bytes.removeSubrange(place..<place + length)
            case 1: bytes.insert(contentsOf: Array(bytes[place..<place + length]), at: place)
            case 2: bytes.removeSubrange(place...)
            case 3:
                bytes[place] = [0, 0xff, 0x7f, 0x80, UInt8(ascii: "/"), UInt8(ascii: "9")].randomElement(
                    using: &random
                )!
            default: bytes[place] = UInt8.random(in: 0...255, using: &random)
            }
        }
        guard mendsHeaders, Bool.random(using: &random) else { return bytes }
        for start in stride(from: 0, to: bytes.count - 511, by: 512)
        where bytes[start + 257..<start + 262].elementsEqual("ustar".utf8) {
            bytes.replaceSubrange(start + 148..<start + 156, with: [UInt8](repeating: UInt8(ascii: " "), count: 8))
            let sum = bytes[start..<start + 512].reduce(0) { $0 + Int($1) }
            let octal = String(sum, radix: 8)
            let text = String(repeating: "0", count: 6 - octal.count) + octal
            bytes.replaceSubrange(start + 148..<start + 155, with: Array(text.utf8) + [0])
        }
        return bytes
    }

    private static func sample() -> TarArchive {
        var tar = TarArchive()
        tar.directory("etc", owner: 1)
        tar.add("etc/a", contents: Array("alpha".utf8), attributes: [("user.a", [1, 2])])
        tar.add("etc/.wh.b")
        tar.add("etc/.wh..wh..opq")
        tar.symbolicLink("l", to: "etc")
        tar.hardLink("l/h", to: "etc/a")
        tar.add("x", contents: [1], records: [("path", Array("l/\u{e9}".utf8)), ("mtime", Array("1.5".utf8))])
        let map = Array("1\n100\n4\n".utf8)
        tar.add(
            "s",
            contents: map + [UInt8](repeating: 0, count: 512 - map.count) + [1, 2, 3, 4],
            records: [
                ("GNU.sparse.major", Array("1".utf8)), ("GNU.sparse.minor", Array("0".utf8)),
                ("GNU.sparse.name", Array("s".utf8)), ("GNU.sparse.realsize", Array("1000".utf8)),
            ]
        )
        tar.add("d", type: "3", device: (1, 3))
        return tar
    }

    @Test("an archive is unpacked and laid over a tree, or refused")
    func archives() throws {
        let temporary = try TemporaryDirectory()
        let directory = try DataDirectory(temporary.path("data"))
        var limits = LayerStore.Limits()
        limits.bytes = 1 << 24
        limits.entries = 1000
        let whole = Self.sample().finished
        var random = SeededGenerator(seed: 20_170_418)
        var refused = 0
        for index in 0..<Self.count {
            let bytes = index == 0 ? whole : Self.damage(whole, &random, mendsHeaders: true)
            let id = LayerID(Digest(of: bytes))
            let file = try SharedFile(unnamedIn: directory)
            try bytes.withUnsafeBytes { try file.write($0, at: 0) }
            let unpacker = LayerUnpacker(id: id, name: "input \(index)", limits: limits, directory: directory)
            do {
                let unpacked = try unpacker.unpack(ArchiveInput(file, size: UInt64(bytes.count))) { false }
                let table = unpacked.table
                #expect(LayerTable(encoded: table.encoded, id: id) == table, "input \(index)")
                let tree = FileTree()
                try tree.lay(table, part: 0)
                let paths = tree.entries.map(\.entry.path)
                #expect(paths.allSatisfy { $0.components?.isEmpty == false }, "input \(index)")
            } catch is BuildError {
                refused += 1
            }
        }
        #expect(refused > Self.count / 4 && refused < Self.count)
    }

    @Test("a saved table is read or made anew")
    func tables() throws {
        let temporary = try TemporaryDirectory()
        let directory = try DataDirectory(temporary.path("data"))
        let bytes = Self.sample().finished
        let id = LayerID(Digest(of: bytes))
        let file = try SharedFile(unnamedIn: directory)
        try bytes.withUnsafeBytes { try file.write($0, at: 0) }
        let unpacker = LayerUnpacker(id: id, name: "sample", limits: .init(), directory: directory)
        let table = try unpacker.unpack(ArchiveInput(file, size: UInt64(bytes.count))) { false }.table
        let body = Array(table.encoded.dropLast(32))
        #expect(LayerTable(body: body, id: id) == table)
        var random = SeededGenerator(seed: 2017)
        var read = 0
        for _ in 0..<Self.count {
            // Without its checksum, which would find nearly everything.
            if LayerTable(body: Self.damage(body, &random, mendsHeaders: false), id: id) != nil { read += 1 }
        }
        #expect(read < Self.count)
    }
}
