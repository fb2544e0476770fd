import Foundation
import Synchronization
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

    private func contents(_ entry: TreeEntry, from store: LayerStore) throws -> [UInt8] {
        guard case .file(let content) = entry.kind else { throw BuildError(.invalidInput, "\(entry.path) is no file") }
        var bytes: [UInt8] = []
        try store.read(content) { bytes += $0 }
        #expect(Digest(of: bytes) == content.digest && UInt64(bytes.count) == content.size)
        return bytes
    }

    static func sample() -> TarArchive {
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
        tar.add("bin/ping", attributes: [("security.capability", [1, 0, 0, 2, 0]), ("user.a", [])])
        return tar
    }

    @Test("a layer's entries and contents come out as they went in, the second time from the saved table")
    func roundTrip() async throws {
        let layer = try LayerBlob(Self.sample().finished, in: directory)
        for round in 0..<2 {
            let store = try LayerStore(dataDirectory: directory.path("data"))
            let entries = try await store.table(of: layer).entries
            #expect(
                entries.map(\.path) == [
                    "", "etc", "etc/a", "etc/empty", "etc/big", "etc/link", "etc/b", "dev/tty", "dev/sda", "run/pipe",
                    "bin/ping",
                ]
            )
            #expect(entries[1].permissions == 0o750 && entries[1].owner == 1 && entries[1].group == 2)
            #expect(entries[2].permissions == 0o4755 && entries[2].owner == 1000 && entries[2].group == 1001)
            #expect(entries[2].modified == 1_600_000_000)
            #expect(try contents(entries[2], from: store) == Array("alpha".utf8), "round \(round)")
            #expect(try contents(entries[3], from: store) == [])
            #expect(try contents(entries[4], from: store).count == 3_000_000)
            #expect(entries[5].kind == .symbolicLink(target: "../../a"))
            #expect(entries[6].kind == .hardLink(to: "etc/a"))
            #expect(entries[7].kind == .characterDevice(major: 5, minor: 0))
            #expect(entries[8].kind == .blockDevice(major: 8, minor: 1))
            #expect(entries[9].kind == .fifo)
            #expect(
                entries[10].attributes == [
                    ExtendedAttribute(name: "security.capability", value: [1, 0, 0, 2, 0]),
                    ExtendedAttribute(name: "user.a", value: []),
                ]
            )
        }
    }

    @Test("whatever compresses it", arguments: ["gzip", "zstd", "xz", "bzip2"])
    func compressed(_ program: String) async throws {
        let plain = Self.sample().finished
        let path = directory.path("layer.tar")
        try Data(plain).write(to: URL(filePath: path))
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "exec \"$0\" -c \"$1\" > \"$1.out\"", program, path]
        try process.run()
        process.waitUntilExit()
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path + ".out")))
        #expect(process.terminationStatus == 0 && bytes.count < plain.count)
        let layer = try LayerBlob(bytes, in: directory)
        let entries = try await store.table(of: layer).entries
        #expect(try contents(entries[4], from: store).count == 3_000_000)
        #expect(try await store.table(of: LayerBlob(plain, in: directory)).entries.map(\.path) == entries.map(\.path))
    }

    @Test("gzip in several members, with something behind them, is one archive; its checksums count")
    func gzipMembers() async throws {
        func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
            let path = directory.path("member")
            try Data(bytes).write(to: URL(filePath: path))
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = ["gzip", "-nf", path]
            try process.run()
            process.waitUntilExit()
            return [UInt8](try Data(contentsOf: URL(filePath: path + ".gz")))
        }
        let plain = Self.sample().finished
        let first = try gzip(Array(plain[..<1_000_000]))
        let second = try gzip(Array(plain[1_000_000...]))
        let zeros = [UInt8](repeating: 0, count: 300)
        let entries = try await store.table(of: LayerBlob(first + second + zeros, in: directory)).entries
        #expect(entries.count == 11)
        #expect(try contents(entries[4], from: store).count == 3_000_000)
        var wrong = first
        wrong[first.count - 6] ^= 1
        for bytes in [wrong + second, Array((first + second).dropLast(second.count / 2)), first, [0x1f, 0x8b]] {
            let layer = try LayerBlob(bytes, in: directory)
            let error = await #expect(throws: BuildError.self) { try await store.table(of: layer) }
            #expect(
                error?.message.hasPrefix("cannot read the layer \(layer.digest): ") == true,
                "\(String(describing: error))"
            )
        }
    }

    @Test("an archive within a layer is read from there, and needs the layer only when its contents are wanted")
    func archiveInLayer() async throws {
        var modules = TarArchive()
        modules.add("lib/modules/1/a.ko", contents: Array("module".utf8))
        var tar = TarArchive()
        tar.add("before", contents: [1, 2, 3])
        tar.add("kernel.tar", contents: modules.finished)
        let layer = try LayerBlob(tar.finished, in: directory)
        for _ in 0..<2 {
            let unpacked = Atomic(false)
            let store = try LayerStore(dataDirectory: directory.path("data")) { _, _ in
                unpacked.store(true, ordering: .relaxed)
            }
            guard case .file(let archive) = try await store.table(of: layer).entries[1].kind else { return }
            let entries = try await store.table(of: archive, named: "kernel.tar").entries
            #expect(entries.map(\.path) == ["lib/modules/1/a.ko"])
            #expect(try contents(entries[0], from: store) == Array("module".utf8))
            let wasUnpacked = unpacked.load(ordering: .relaxed)
            #expect(wasUnpacked)
        }
        // With both tables on disk nothing is unpacked for them.
        let store = try LayerStore(dataDirectory: directory.path("data")) { _, _ in Issue.record("unpacked") }
        guard case .file(let archive) = try await store.table(of: layer).entries[1].kind else { return }
        #expect(try await store.table(of: archive, named: "kernel.tar").entries.count == 1)
    }

    @Test("many askers, tasks and threads, share one unpacking")
    func singleFlight() async throws {
        let layer = try LayerBlob(Self.sample().finished, in: directory)
        let read = Atomic<UInt64>(0)
        let last = Mutex<UInt64>(0)
        let store = try LayerStore(dataDirectory: directory.path("data")) { _, position in
            last.withLock { last in
                read.add(position - last, ordering: .relaxed)
                last = position
            }
        }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    let table = try await store.table(of: layer)
                    try await store.unpack(
                        table.entries.compactMap { entry in
                            if case .file(let content) = entry.kind { content } else { nil }
                        }
                    )
                    return try self.contents(table.entries[4], from: store).count
                }
            }
            for try await count in group { #expect(count == 3_000_000) }
        }
        let bytes = read.load(ordering: .relaxed)
        #expect(bytes == layer.size)
    }

    @Test("who cancels is told at once, the unpacking stops, and the next one to ask begins again")
    func cancellation() async throws {
        let layer = try LayerBlob(Self.sample().finished, in: directory)
        let (began, beginning) = AsyncStream.makeStream(of: Void.self)
        let gate = DispatchSemaphore(value: 0)
        let isFirst = Atomic(true)
        let store = try LayerStore(dataDirectory: directory.path("data")) { _, _ in
            guard isFirst.exchange(false, ordering: .relaxed) else { return }
            beginning.yield()
            gate.wait()
        }
        let task = Task { try await store.table(of: layer) }
        for await _ in began { break }
        task.cancel()
        // Told while the unpacking thread still waits at the gate.
        await #expect(throws: CancellationError.self) { try await task.value }
        let next = Task { try await store.table(of: layer) }
        gate.signal()
        #expect(try await next.value.entries.count == 11)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path("data/layers")).count == 1)
    }

    @Test("a saved table that is damaged, cut short or of another version is made anew")
    func damagedTable() async throws {
        let layer = try LayerBlob(Self.sample().finished, in: directory)
        let table = try await store.table(of: layer)
        let path = URL(filePath: directory.path("data/layers/\(layer.digest.hex)"))
        let whole = [UInt8](try Data(contentsOf: path))
        var damaged = whole
        damaged[whole.count / 2] ^= 1
        var older = Array(whole.dropLast(32))
        older[18] = 0
        for bytes in [[], Array(whole.dropLast()), damaged, older + Digest(of: older).octets] {
            try Data(bytes).write(to: path)
            #expect(LayerTable(encoded: bytes, id: table.id) == nil)
            let store = try LayerStore(dataDirectory: directory.path("data"))
            #expect(try await store.table(of: layer) == table)
            #expect([UInt8](try Data(contentsOf: path)) == whole)
        }
    }

    @Test("a file of this host is read only as long as it is what it was")
    func hostFile() throws {
        let path = directory.path("file")
        try Data("before".utf8).write(to: URL(filePath: path))
        let content = try FileContent(hostFile: path)
        var bytes: [UInt8] = []
        try store.read(content) { bytes += $0 }
        #expect(bytes == Array("before".utf8))
        for changed in ["after!", "longer than before", ""] {
            try Data(changed.utf8).write(to: URL(filePath: path))
            #expect(throws: BuildError.self) { try store.read(content) { _ in } }
        }
    }
}
