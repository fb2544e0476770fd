import Foundation
import Testing
import Vocabulary

@testable import Build

@Suite("Layers: tables and contents")
struct LayerStoreTests {
    let directory: TemporaryDirectory
    let store: LayerStore

    init() throws {
        directory = try TemporaryDirectory()
        store = try LayerStore(dataDirectory: directory.path("data"))
    }

    private func contents(_ entry: TreeEntry, from store: LayerStore? = nil) throws -> [UInt8] {
        guard case .file(let content) = entry.kind else { throw BuildError(.invalidInput, "\(entry.path) is no file") }
        var bytes: [UInt8] = []
        try (store ?? self.store).read(content) { bytes += $0 }
        #expect(Digest(of: bytes) == content.digest)
        return bytes
    }

    private static func sample() -> TarArchive {
        var tar = TarArchive()
        tar.directory("./")
        tar.directory("./etc", mode: 0o750, owner: 1, group: 2)
        tar.add("./etc/a", contents: Array("alpha".utf8), mode: 0o4755, owner: 1000, group: 1001)
        tar.add("etc/empty")
        tar.add("etc/big", contents: (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) })
        tar.symbolicLink("etc/link", to: "../../a")
        tar.hardLink("etc/b", to: "./etc/a")
        tar.add("dev/tty", type: "3", mode: 0o620, device: (5, 0))
        tar.add("dev/sda", type: "4", device: (8, 1))
        tar.add("run/pipe", type: "6")
        return tar
    }

    @Test("a layer's entries and contents come out as they went in, the second time from the saved table")
    func roundTrip() async throws {
        let layer = try LayerBlob(Self.sample().finished, in: directory)
        for round in 0..<2 {
            let store = try LayerStore(dataDirectory: directory.path("data"))
            let table = try await store.table(of: layer)
            #expect(
                table.entries.map(\.path)
                    == [
                        "", "etc", "etc/a", "etc/empty", "etc/big", "etc/link", "etc/b", "dev/tty", "dev/sda",
                        "run/pipe",
                    ]
            )
            #expect(table.entries[1].permissions == 0o750 && table.entries[1].owner == 1 && table.entries[1].group == 2)
            #expect(table.entries[2].permissions == 0o4755 && table.entries[2].owner == 1000)
            #expect(table.entries[2].modified == 1_600_000_000)
            #expect(try contents(table.entries[2], from: store) == Array("alpha".utf8), "round \(round)")
            #expect(try contents(table.entries[3], from: store) == [])
            #expect(try contents(table.entries[4], from: store).count == 3_000_000)
            #expect(table.entries[5].kind == .symbolicLink(target: "../../a"))
            #expect(table.entries[6].kind == .hardLink(to: "etc/a"))
            #expect(table.entries[7].kind == .characterDevice(major: 5, minor: 0))
            #expect(table.entries[8].kind == .blockDevice(major: 8, minor: 1))
            #expect(table.entries[9].kind == .fifo)
        }
    }
}
