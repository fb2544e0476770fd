import Foundation
import Subprocess
import Synchronization
import Testing
import Vocabulary

@testable import Build

@Suite("Images out of definitions")
struct ImageBuilderTests {
    let images: FixtureImages
    let data: TemporaryDirectory
    let builder: ImageBuilder
    let blobs: BlobStore

    init() throws {
        images = try FixtureImages.machine()
        data = try TemporaryDirectory()
        builder = try ImageBuilder(dataDirectory: data.path, source: images)
        blobs = try BlobStore(dataDirectory: data.path)
    }

    /// Collects what a build tells.
    final class Events: Sendable {
        private let events = Mutex<[BuildEvent]>([])
        var all: [BuildEvent] { events.withLock { $0 } }
        var observe: BuildObserver { { event in self.events.withLock { $0.append(event) } } }
        /// Parts by name, with whether their segments were there before.
        var stored: [String: Bool] {
            var parts: [String: Bool] = [:]
            for case .stored(let part, _, let isCached) in all { parts[part] = isCached }
            return parts
        }
    }

    // MARK: What comes out

    @Test("the manifest names the parts in order, microcode first, and the store holds their bytes")
    func manifest() async throws {
        let built = try await builder.build(try BuildRequest())
        #expect(
            built.manifest.initrd.map(\.part) == [
                "microcode", "boot", "kernel", "init", "init/1", "onboot/000-setup", "services/web", "services/second",
                "files",
            ]
        )
        #expect(built.manifest.commandLine == "console=ttyS0")
        for blob in built.manifest.blobs { #expect(blobs.size(of: blob.digest) == blob.size) }
        #expect(try Data(contentsOf: URL(filePath: blobs.path(of: built.manifest.kernel.digest))).count == 300_000)
        #expect(try ImageStore(dataDirectory: data.path).manifest(built.manifest.digest) == built.manifest)
        let microcode = try blobs.read(built.manifest.initrd[0].digest)
        #expect(microcode == FixtureImages.noise(1001, seed: 3))
    }

    @Test("unpacked by the tools that people have, the initrd is the root", arguments: ["cpio", "bsdtar"])
    func unpacked(tool: String) async throws {
        let built = try await builder.build(try BuildRequest())
        let out = data.path("out")
        try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: false)
        let unpack = tool == "cpio" ? "cpio -idmu --quiet --no-absolute-filenames" : "bsdtar -xpf -"
        for part in built.manifest.initrd.dropFirst() {
            let script = "set -o pipefail; zstd -dcq '\(blobs.path(of: part.digest))' | \(unpack)"
            let result = try await run(
                .name("bash"),
                arguments: ["-c", script],
                workingDirectory: .init(out),
                output: .discarded,
                error: .string(limit: 4096)
            )
            #expect(result.terminationStatus.isSuccess, "\(part.part): \(result.standardError)")
        }
        let expected = try UnpackedTree(of: built.root, contents: built.contents)
        #expect(expected.nodes["boot"] != nil && expected.nodes["boot/kernel"] == nil)
        let found = try UnpackedTree(below: out).withFileTimesOnly
        let differences = found.differences(from: expected.withFileTimesOnly)
        #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
    }

    @Test("containers are the same whatever the init: LinuxKit's own finds what it expects, and ours runs the same")
    func anyInit() async throws {
        func containers(_ definition: String) async throws -> [Digest] {
            let parts = try await builder.build(try BuildRequest(definition)).manifest.initrd
            return parts.filter { $0.part.contains("/") }.map(\.digest)
        }
        let ours = try await containers(FixtureImages.definition)
        let other = FixtureImages.definition.replacing("init: [base:1]", with: "init: [base:1, setup:1]")
        #expect(ours.count >= 3)
        #expect(try await containers(other) == ours)
    }

    @Test("the definition's compressor wins, and one that the kernel cannot read is refused")
    func compression() async throws {
        let gzip = FixtureImages.definition + "\nmuster: {kernel: {initrd: gzip}}\n"
        let built = try await builder.build(try BuildRequest(gzip))
        #expect(try blobs.read(built.manifest.initrd[1].digest).starts(with: [0x1f, 0x8b]))
        let none = FixtureImages.definition + "\nmuster: {kernel: {initrd: none}}\n"
        let plain = try await builder.build(try BuildRequest(none))
        #expect(try blobs.read(plain.manifest.initrd[1].digest).starts(with: Array("070701".utf8)))
        let xz = FixtureImages.definition + "\nmuster: {kernel: {initrd: xz}}\n"
        let request = try BuildRequest(xz)
        let error = await #expect(throws: BuildError.self) { try await builder.build(request) }
        #expect(error?.message.contains("xz, only: zstd, gzip, none") == true)
    }

    // MARK: Again

    @Test("two builds in different places, the second with half of it done, are the same image")
    func reproducible() async throws {
        let first = try await builder.build(try BuildRequest()).manifest
        let again = try FixtureImages.machine()
        let other = try TemporaryDirectory()
        let builder = try ImageBuilder(dataDirectory: other.path, source: again)
        let half = FixtureImages.definition.replacing("mode: \"0644\"", with: "mode: \"0600\"")
        #expect(try await builder.build(try BuildRequest(half)).manifest != first)
        #expect(try await builder.build(try BuildRequest()).manifest.digest == first.digest)
    }

    @Test("a second build reads no layer and makes no segment")
    func unchanged() async throws {
        let first = try await builder.build(try BuildRequest()).manifest
        try images.removeLayers()
        let events = Events()
        let second = try await builder.build(try BuildRequest(), observe: events.observe).manifest
        #expect(second == first)
        #expect(events.stored.count == 8)
        #expect(events.stored.values.allSatisfy { $0 })
    }

    @Test("with one service changed, one segment is made; the service that shares its files has none of them")
    func oneChanged() async throws {
        _ = try await builder.build(try BuildRequest())
        try images.add("web:1", FixtureImages.web(contents: FixtureImages.noise(60_000, seed: 7)))
        let events = Events()
        _ = try await builder.build(try BuildRequest(), observe: events.observe)
        #expect(events.stored.filter { !$0.value }.map(\.key) == ["services/web"])
    }

    @Test("with another layer over a large one, the large one is neither unpacked nor compressed")
    func layerAbove() async throws {
        var below = TarArchive()
        below.directory("etc")
        below.add("etc/large", contents: FixtureImages.noise(2_000_000, seed: 8))
        func above(_ text: String, modified: Int) -> TarArchive {
            var layer = TarArchive()
            // As Docker writes it: with the directories on the way.
            layer.add("etc/", type: "5", mode: 0o711, modified: modified)
            layer.add("etc/small", contents: Array(text.utf8), modified: modified)
            return layer
        }
        try images.add("web:1", below, above("one", modified: 1_700_000_000))
        let first = try await builder.build(try BuildRequest()).manifest
        try images.add("web:1", below, above("two", modified: 1_700_000_001))
        let web = try await images.image(ImageReference("web:1")!, architecture: .amd64) { _ in }
        try FileManager.default.removeItem(atPath: web.layers[0].path)
        let events = Events()
        let second = try await builder.build(try BuildRequest(), observe: events.observe).manifest
        #expect(events.stored.filter { !$0.value }.map(\.key) == ["services/web"])
        let parts = zip(first.initrd, second.initrd).filter { $0 != $1 }.map(\.0.part)
        #expect(parts == ["services/web"] && second.initrd.contains { $0.part == "services/web/1" })
    }

    @Test("a blob that is gone is made again")
    func missingBlob() async throws {
        let built = try await builder.build(try BuildRequest()).manifest
        let part = built.initrd[3]
        try FileManager.default.removeItem(atPath: blobs.path(of: part.digest))
        let events = Events()
        #expect(try await builder.build(try BuildRequest(), observe: events.observe).manifest == built)
        #expect(events.stored.filter { !$0.value }.map(\.key) == [part.part])
    }

    @Test("SOURCE_DATE_EPOCH is the latest time in the image and that of everything the build makes")
    func epoch() async throws {
        var request = try BuildRequest()
        request.sourceDateEpoch = 1_650_000_000
        let root = try await builder.build(request).root
        let times = Dictionary(root.entries.map { ($0.entry.path, $0.entry.modified) }) { $1 }
        #expect(times["containers/services/web/lower/srv/index.html"] == 1_650_000_000)
        #expect(times["containers/services/web/lower/bin/web"] == 1_600_000_000)
        #expect(times["containers/services/web/config.json"] == 1_650_000_000)
    }

    // MARK: What an initrd cannot carry

    @Test("capabilities of files go into a list, other attributes are counted, and strict refuses both")
    func attributes() async throws {
        var capable = TarArchive()
        capable.add("bin/ping", contents: [1], attributes: [("security.capability", [1, 0, 0, 2])])
        capable.add("bin/x y", contents: [2], attributes: [("user.a", [1]), ("security.selinux", [2])])
        try images.add("setup:1", capable)
        let events = Events()
        let built = try await builder.build(try BuildRequest(), observe: events.observe)
        let warnings = events.all.compactMap { if case .warning(let text) = $0 { text } else { nil } }
        #expect(warnings.count == 2)
        #expect(warnings[0].contains("containers/onboot/000-setup/lower/bin/ping"))
        #expect(warnings[1].contains("1 of security.selinux, 1 of user.a"))
        let part = try #require(built.manifest.initrd.last)
        #expect(part.part == "file-capabilities")
        let listing = try await run(
            .name("bash"),
            arguments: [
                "-c", "zstd -dcq '\(blobs.path(of: part.digest))' | bsdtar -xOf - etc/muster/file-capabilities",
            ],
            output: .string(limit: 4096)
        )
        #expect(listing.standardOutput == "01000002 containers/onboot/000-setup/lower/bin/ping\n")
        var strict = try BuildRequest()
        strict.isStrict = true
        let error = await #expect(throws: BuildError.self) { try await builder.build(strict) }
        #expect(error?.message.contains("bin/ping") == true)
    }

    @Test("without a kernel there is no image")
    func noKernel() async throws {
        let request = try BuildRequest("init: [base:1]")
        let error = await #expect(throws: BuildError.self) { try await builder.build(request) }
        #expect(error?.code == .invalidInput)
    }

    // MARK: Together, and in the middle

    @Test("of two builders at once, one makes each segment")
    func together() async throws {
        let second = try ImageBuilder(dataDirectory: data.path, source: images)
        let (mine, theirs) = (Events(), Events())
        let request = try BuildRequest()
        async let first = builder.build(request, observe: mine.observe)
        async let other = second.build(request, observe: theirs.observe)
        #expect(try await first.manifest == other.manifest)
        for (part, isCached) in mine.stored { #expect(isCached != theirs.stored[part], "\(part)") }
    }

    @Test("a cancelled build leaves nothing half written, and the next one is whole")
    func cancelled() async throws {
        let request = try BuildRequest()
        let running = RunningBuild()
        let task = Task { [builder] in
            try await builder.build(request) { event in
                // In the middle of a segment, of which there is more to come.
                guard case .compressing(part: "init/1", read: 1..., total: _) = event else { return }
                running.cancel()
            }
        }
        running.begin(task)
        await #expect(throws: CancellationError.self) { try await task.value }
        // Whoever cancelled hears of it at once; the build itself may still wait for a disk.
        let directory = try DataDirectory(data.path("images"))
        while try StoreUse(in: directory, alone: true) == nil { try await Task.sleep(for: .milliseconds(5)) }
        let left = try FileManager.default.contentsOfDirectory(atPath: data.path("blobs/sha256"))
        #expect(left.filter { $0.hasPrefix(".") } == [])
        _ = try await builder.build(request)
    }

    /// A task that can be cancelled by what it calls, which may happen before anybody has it in hand.
    private final class RunningBuild: Sendable {
        private let task = Mutex<Task<BuiltImage, any Error>?>(nil)

        func begin(_ task: Task<BuiltImage, any Error>) { self.task.withLock { $0 = task } }

        func cancel() {
            while true {
                if let task = task.withLock({ $0 }) { return task.cancel() }
                sched_yield()
            }
        }
    }
}
