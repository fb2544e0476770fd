import Foundation
import Testing
import Vocabulary

@testable import Build

@Suite("Images whose root machines fetch")
struct FetchedRootTests {
    private static let definition = """
        kernel: {image: "kernel:1", cmdline: console=ttyS0}
        init: [base:1]
        services:
          - {name: web, image: "web:1"}
        """

    private static func images(hasVerity: Bool = true, hasAgent: Bool = true) throws -> FixtureImages {
        let images = try FixtureImages()
        var modules = TarArchive()
        let names = ["drivers/net/virtio_net", "fs/squashfs/squashfs", "fs/erofs/erofs", "fs/btrfs/btrfs"]
        for name in names + (hasVerity ? ["drivers/md/dm-verity"] : []) {
            modules.add(BytePath("lib/modules/6.1/kernel/\(name).ko"), contents: FixtureImages.noise(9000, seed: 1))
        }
        let index = names + (hasVerity ? ["drivers/md/dm-verity"] : [])
        let lines = index.map { "kernel/\($0).ko:\n" }.joined()
        modules.add("lib/modules/6.1/modules.dep", contents: Array(lines.utf8))
        modules.add("lib/modules/6.1/modules.alias", contents: Array("alias fs-btrfs btrfs\n".utf8))
        modules.add(
            "lib/modules/6.1/modules.builtin",
            contents: Array("kernel/drivers/block/loop.ko\nkernel/fs/overlayfs/overlay.ko\n".utf8)
        )
        var kernel = TarArchive()
        kernel.add("kernel", contents: FixtureImages.noise(30_000, seed: 2))
        kernel.add("kernel.tar", contents: modules.finished)
        kernel.add("config-6.1", contents: Array("CONFIG_BLK_DEV_INITRD=y\nCONFIG_RD_GZIP=y\n".utf8))
        try images.add("kernel:1", kernel)
        var base = TarArchive()
        base.add("init", contents: FixtureImages.noise(70_000, seed: 3), mode: 0o755)
        base.add("dev/vda", type: "4", mode: 0o660, device: (254, 3))
        base.add("etc/shadow", contents: Array("secret".utf8), mode: 0o600, owner: 5, group: 42)
        base.add("lib/firmware/rtl_nic/a.fw", contents: [1, 2, 3])
        base.add("lib/firmware/radio/b.fw", contents: [1, 2, 3])
        try images.add("base:1", base, labels: hasAgent ? ["org.muster.agent": "1"] : [:])
        try images.add("web:1", FixtureImages.web(contents: FixtureImages.noise(600_000, seed: 6)))
        return images
    }

    private static func request(_ type: RootType) throws -> BuildRequest {
        var request = try BuildRequest(definition)
        request.root = type
        return request
    }

    @Test("the initrd has the init, the modules for the way, and what it fetches", arguments: RootType.allCases)
    func initrd(type: RootType) async throws {
        let data = try TemporaryDirectory()
        let builder = try ImageBuilder(dataDirectory: data.path, source: try Self.images())
        let built = try await builder.build(try Self.request(type))
        let store = try ImageStore(dataDirectory: data.path)
        let root = try #require(built.manifest.root)
        #expect(root.type == type)
        #expect(try store.manifest(built.manifest.digest) == built.manifest)
        let contents = try ImageContents(of: built.manifest, in: store.blobs)
        let modules = "lib/modules/6.1"
        let files = contents.files.filter { $0.type == 0o100000 }.map { "\($0.path)" }
        #expect(
            files == [
                "etc/muster/root.json", "init", "lib/firmware/rtl_nic/a.fw",
                "\(modules)/kernel/drivers/md/dm-verity.ko",
                "\(modules)/kernel/drivers/net/virtio_net.ko", "\(modules)/kernel/fs/\(type)/\(type).ko",
                "\(modules)/modules.alias", "\(modules)/modules.dep",
            ]
        )
        let description = try #require(contents.files.first { $0.path == FetchingInitrd.description })
        #expect(description.digest == Digest(of: root.json.bytes))
        let head = try FileCopy.bytes(of: store.blobs.path(of: root.digest), at: type == .squashfs ? 0 : 1024, count: 4)
        #expect(head == (type == .squashfs ? Array("hsqs".utf8) : [0xe2, 0xe1, 0xf5, 0xe0]))
    }

    @Test("the file system holds the root: owners, modes, devices")
    func fileSystem() async throws {
        let data = try TemporaryDirectory()
        let built = try await ImageBuilder(dataDirectory: data.path, source: try Self.images())
            .build(try Self.request(.squashfs))
        let path = try BlobStore(dataDirectory: data.path).path(of: try #require(built.manifest.root).digest)
        let listing = try await HostProgram.run("rdsquashfs", ["--describe", path])
        for line in [
            "file init 0755 0 0", "nod dev/vda 0660 0 0 b 254 3", "file etc/shadow 0600 5 42",
            "file lib/modules/6.1/kernel/fs/btrfs/btrfs.ko 0644 0 0",
        ] {
            #expect(listing.contains(line), "no '\(line)' in:\n\(listing)")
        }
        #expect(!listing.contains("boot/kernel"), "the kernel lies in the root")
    }

    @Test("dm-verity's tree is right, and finds a changed byte")
    func verity() async throws {
        let data = try TemporaryDirectory()
        let built = try await ImageBuilder(dataDirectory: data.path, source: try Self.images())
            .build(try Self.request(.squashfs))
        let root = try #require(built.manifest.root)
        let verity = try #require(root.verity)
        let copy = data.path("copy")
        try FileManager.default.copyItem(
            atPath: try BlobStore(dataDirectory: data.path).path(of: root.digest),
            toPath: copy
        )
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: copy)
        let arguments = ["verify", copy, copy, verity.hash.hex, "--hash-offset=\(verity.offset)"]
        try await HostProgram.run("veritysetup", arguments)
        let byte = try FileCopy.bytes(of: copy, at: 100_000, count: 1)
        try FileCopy.patch(copy, at: 100_000, [byte[0] ^ 1])
        await #expect(throws: BuildError.self) { try await HostProgram.run("veritysetup", arguments) }
    }

    @Test("the same everywhere, and made once", arguments: RootType.allCases)
    func reproducible(type: RootType) async throws {
        let (first, second) = (try TemporaryDirectory(), try TemporaryDirectory())
        let builder = try ImageBuilder(dataDirectory: first.path, source: try Self.images())
        let built = try await builder.build(try Self.request(type)).manifest
        let other = try await ImageBuilder(dataDirectory: second.path, source: try Self.images())
            .build(try Self.request(type)).manifest
        #expect(built == other)

        // Another command line, the same root.
        var request = try BuildRequest(Self.definition.replacing("ttyS0", with: "ttyS1"))
        request.root = type
        let events = ImageBuilderTests.Events()
        let again = try await builder.build(request, observe: events.observe).manifest
        #expect(again.root == built.root && again.digest != built.digest)
        #expect(events.stored["root"] == true)
    }

    @Test("collections keep the root of an image that has a name, and no other")
    func collected() async throws {
        let data = try TemporaryDirectory()
        let store = try ImageStore(dataDirectory: data.path)
        let builder = try ImageBuilder(dataDirectory: data.path, source: try Self.images())
        func build(_ name: ImageName?) async throws -> ImageManifest.Root {
            var request = try Self.request(name == nil ? .erofs : .squashfs)
            request.name = name
            return try #require(try await builder.build(request).manifest.root)
        }
        let kept = try await build(try ImageName("kept"))
        let lost = try await build(nil)
        try await Self.collect(store)
        #expect(store.blobs.size(of: kept.digest) == kept.size)
        #expect(store.blobs.size(of: lost.digest) == nil)
        #expect(try await build(nil) == lost, "it is made again")
    }

    /// As soon as the last build has let go of the store.
    private static func collect(_ store: ImageStore) async throws {
        for attempt in 1... {
            do {
                _ = try store.collect(keeping: [])
                return
            } catch let error as BuildError where error.code == .unavailable && attempt < 1000 {
                try await Task.sleep(for: .milliseconds(10))
            }
        }
    }

    @Test("kernel+initrd has the root beside it, and formats that hold everything refuse")
    func formats() async throws {
        let data = try TemporaryDirectory()
        let built = try await ImageBuilder(dataDirectory: data.path, source: try Self.images())
            .build(try Self.request(.squashfs))
        let blobs = try BlobStore(dataDirectory: data.path)
        let files = try await ImageFormats.write(
            built,
            as: try ImageFormats.parse("kernel+initrd"),
            name: "x",
            directory: data.path("out"),
            blobs: blobs
        )
        let names = files.map { URL(filePath: $0).lastPathComponent }
        #expect(names == ["x-kernel", "x-initrd.img", "x-cmdline", "x-root.img"])
        let root = try Data(contentsOf: URL(filePath: files[3]))
        #expect(Digest(of: Array(root)) == built.manifest.root?.digest)
        for name in ["iso", "uki", "raw-efi", "tar-kernel-initrd"] {
            let formats = try ImageFormats.parse(name)
            let error = await #expect(throws: BuildError.self) {
                try await ImageFormats.write(built, as: formats, name: "y", directory: data.path("out"), blobs: blobs)
            }
            #expect(error?.message.contains("fetches its root") == true, "\(name): \(error?.message ?? "")")
        }
    }

    @Test("a diff names a root that is another one")
    func difference() async throws {
        let data = try TemporaryDirectory()
        let builder = try ImageBuilder(dataDirectory: data.path, source: try Self.images())
        let squashfs = try await builder.build(try Self.request(.squashfs)).manifest
        let erofs = try await builder.build(try Self.request(.erofs)).manifest
        let store = try ImageStore(dataDirectory: data.path)
        let difference = try ImageDifference(from: squashfs.digest, to: erofs.digest, in: store)
        let root = try #require(difference.parts.first { $0.name == "root" })
        #expect(root.change.old?.digest == squashfs.root?.digest && root.change.new?.digest == erofs.root?.digest)
    }

    @Test("what could not boot is refused in words")
    func refused() async throws {
        let data = try TemporaryDirectory()
        func error(_ images: FixtureImages, _ request: BuildRequest) async throws -> String {
            let builder = try ImageBuilder(dataDirectory: data.path, source: images)
            return await #expect(throws: BuildError.self) { try await builder.build(request) }?.message ?? ""
        }
        #expect(
            try await error(Self.images(hasAgent: false), Self.request(.squashfs)).contains("needs Muster's own init")
        )
        let images = try Self.images()
        var modules = TarArchive()
        modules.add("lib/modules/6.1/modules.dep", contents: Array("kernel/fs/squashfs/squashfs.ko:\n".utf8))
        modules.add("lib/modules/6.1/modules.builtin", contents: Array("kernel/drivers/block/loop.ko\n".utf8))
        var kernel = TarArchive()
        kernel.add("kernel", contents: FixtureImages.noise(30_000, seed: 2))
        kernel.add("kernel.tar", contents: modules.finished)
        try images.add("kernel:1", kernel)
        #expect(try await error(images, Self.request(.squashfs)).contains("has no 'overlay'"))
    }

    @Test("a kernel without dm-verity gets no tree, and a warning")
    func withoutVerity() async throws {
        let data = try TemporaryDirectory()
        let events = ImageBuilderTests.Events()
        let built = try await ImageBuilder(dataDirectory: data.path, source: try Self.images(hasVerity: false))
            .build(try Self.request(.squashfs), observe: events.observe)
        #expect(built.manifest.root?.verity == nil)
        #expect(
            events.all.contains { if case .warning(let text) = $0 { text.contains("no dm-verity") } else { false } }
        )
    }
}
