import Foundation
import Testing
import Vocabulary

@testable import Build

@Suite("The root of a machine")
struct MachineRootTests {
    /// Images made of tar archives, by their references.
    private struct Images: LayerContents {
        let directory: TemporaryDirectory
        let store: LayerStore
        var images: [String: ContainerImage] = [:]

        init() throws {
            directory = try TemporaryDirectory()
            store = try LayerStore(dataDirectory: directory.path("data"))
        }

        /// An image of layers, the lowest first.
        mutating func add(_ name: String, documents: [LayerBlob] = [], _ layers: TarArchive...) throws {
            images["docker.io/library/\(name)"] = ContainerImage(
                reference: ImageReference(name)!,
                digest: Digest(of: name.utf8),
                architecture: .amd64,
                configuration: ImageConfiguration(),
                layers: try layers.map { try LayerBlob($0.finished, in: directory) },
                documents: documents
            )
        }

        func image(_ reference: ImageReference) async throws -> ContainerImage { images[reference.description]! }
        func table(of layer: LayerBlob) async throws -> LayerTable { try await store.table(of: layer) }
        func table(of archive: FileContent, named name: String) async throws -> LayerTable {
            try await store.table(of: archive, named: name)
        }
        func bytes(of content: FileContent, limit: Int) async throws -> [UInt8] {
            try await store.bytes(of: content, limit: limit)
        }

        func build(_ yaml: String) async throws -> MachineRoot {
            let definition = try Definition(reading: [Definition.Source(path: "a.yml", text: yaml)])
            return try await MachineRootBuilder.build(definition, contents: self)
        }
    }

    private static func tar(_ fill: (inout TarArchive) -> Void) -> TarArchive {
        var tar = TarArchive()
        fill(&tar)
        return tar
    }

    private static func kernel() -> TarArchive {
        let modules = tar {
            $0.directory("lib/")
            $0.directory("lib/modules")
            $0.add("lib/modules/6.1/a.ko", contents: [1])
        }
        return tar {
            $0.add("kernel", contents: [0])
            $0.add("kernel.tar", contents: modules.finished)
        }
    }

    private func text(_ path: BytePath, of root: MachineRoot, _ images: Images) throws -> String? {
        guard case .file(let content) = root.entries.first(where: { $0.entry.path == path })?.entry.kind else {
            return nil
        }
        var bytes: [UInt8] = []
        try images.store.read(content) { bytes += $0 }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("modules are found where lib is a link in the init image, which comes after the kernel's lib")
    func linkAfterDirectory() async throws {
        var images = try Images()
        try images.add("kernel", Self.kernel())
        try images.add(
            "init",
            Self.tar {
                $0.directory("usr/lib")
                $0.add("usr/lib/libc.so")
                $0.symbolicLink("lib", to: "usr/lib")
            }
        )
        let root = try await images.build("kernel: {image: kernel}\ninit: [init]")
        let paths = Set(root.entries.map(\.entry.path))
        #expect(paths.isSuperset(of: ["lib", "usr/lib/libc.so", "usr/lib/modules/6.1/a.ko"]))
        #expect(!paths.contains("lib/modules"))
        #expect(root.entries.first { $0.entry.path == "lib" }?.entry.kind == .symbolicLink(target: "usr/lib"))
    }

    @Test("what an init image puts into a directory lands where an earlier one has a link there")
    func directoryAfterLink() async throws {
        var images = try Images()
        try images.add(
            "one",
            Self.tar {
                $0.directory("usr/lib")
                $0.symbolicLink("lib", to: "usr/lib")
            }
        )
        try images.add(
            "two",
            Self.tar {
                $0.directory("lib")
                $0.add("lib/libz.so", contents: [2])
            }
        )
        let root = try await images.build("init: [one, two]")
        #expect(root.entries.first { $0.entry.path == "lib" }?.entry.kind == .symbolicLink(target: "usr/lib"))
        #expect(root.entries.contains { $0.entry.path == "usr/lib/libz.so" })
    }

    @Test("the packages of several init images stand in one database")
    func packageDatabase() async throws {
        var images = try Images()
        for (name, package) in [("one", "P:a\n\n"), ("two", "P:b\n\n")] {
            try images.add(name, Self.tar { $0.add("lib/apk/db/installed", contents: Array(package.utf8)) })
        }
        let root = try await images.build("init: [one, two]")
        #expect(try text("lib/apk/db/installed", of: root, images) == "P:a\n\nP:b\n\n")
    }

    @Test("whiteouts hide what lower layers have, opaque ones everything, neither what stands beside them")
    func whiteouts() async throws {
        var images = try Images()
        try images.add(
            "init",
            Self.tar {
                $0.add("a/gone")
                $0.add("a/kept")
                $0.add("b/gone")
                $0.directory("b", mode: 0o700)
                $0.add("tree/deep/gone")
                $0.add("file")
            },
            Self.tar {
                $0.add("b/new", contents: [1])
                $0.add("b/.wh..wh..opq")
                $0.add("a/.wh.gone")
                $0.add(".wh.tree")
                $0.add(".wh.nothing")
                $0.add("a/.wh..wh.plnk")
                $0.add(".wh.file")
                $0.directory("file")
            }
        )
        let root = try await images.build("init: [init]")
        let made: Set<BytePath> = [
            "dev", "dev/pts", "dev/shm", "etc", "etc/hosts", "etc/mtab", "etc/resolv.conf", "proc", "sys",
        ]
        let paths = Set(root.entries.map(\.entry.path)).subtracting(made)
        #expect(paths == ["a", "a/kept", "b", "b/new", "file"])
        #expect(root.entries.first { $0.entry.path == "b" }?.entry.permissions == 0o700)
    }

    @Test("a hard link to a file of a lower layer has its content, also when the file's first name is hidden")
    func hardLinks() async throws {
        var images = try Images()
        try images.add(
            "init",
            Self.tar { $0.add("a", contents: Array("old".utf8), mode: 0o4755, owner: 7) },
            Self.tar { $0.hardLink("b", to: "a") },
            Self.tar { $0.add("a", contents: Array("new".utf8)) }
        )
        let root = try await images.build("init: [init]")
        #expect(try text("a", of: root, images) == "new")
        #expect(try text("b", of: root, images) == "old")
        let linked = root.entries.first { $0.entry.path == "b" }?.entry
        #expect(linked?.permissions == 0o4755 && linked?.owner == 7)
        var both = try Images()
        try both.add("init", Self.tar { $0.add("z", contents: [1]) }, Self.tar { $0.hardLink("b", to: "z") })
        let kept = try await both.build("init: [init]")
        #expect(kept.entries.first { $0.entry.path == "z" }?.entry.kind == .hardLink(to: "b"))
    }

    @Test("an image's own directories and hosts survive; what Docker leaves in images does not")
    func images() async throws {
        var images = try Images()
        try images.add(
            "web",
            Self.tar {
                $0.directory("etc", mode: 0o700, owner: 3)
                $0.add("etc/hosts", contents: Array("own".utf8), mode: 0o600)
                $0.add("etc/hostname", contents: [1])
                $0.add("etc/resolv.conf", contents: [1])
                $0.add(".dockerenv")
                $0.add("dev/console", type: "3", device: (5, 1))
            }
        )
        let root = try await images.build("services: [{name: web, image: web}]")
        let lower = root.entries.map(\.entry).filter {
            $0.path.bytes.starts(with: "containers/services/web/lower/".utf8)
        }
        let names = lower.map { String(decoding: $0.path.bytes.dropFirst(30), as: UTF8.self) }
        #expect(
            names == ["dev", "dev/pts", "dev/shm", "etc", "etc/hosts", "etc/mtab", "etc/resolv.conf", "proc", "sys"]
        )
        #expect(lower[3].permissions == 0o700 && lower[3].owner == 3 && lower[4].permissions == 0o600)
        #expect(try text("containers/services/web/lower/etc/hosts", of: root, images) == "own")
        let config = try #require(try text("containers/services/web/config.json", of: root, images))
        #expect(config.hasPrefix("{\n    \"linux\": {\n        \"namespaces\": [\n") && config.hasSuffix("\n}"))
    }

    @Test("a volume of the format oci holds the image as a layout")
    func layoutVolume() async throws {
        var images = try Images()
        let manifest = try LayerBlob(Array(#"{"schemaVersion":2}"#.utf8), in: images.directory)
        let configuration = try LayerBlob(Array("{}".utf8), in: images.directory)
        let layer = Self.tar { $0.add("a") }
        try images.add("app", documents: [manifest, configuration], layer)
        let yaml = "volumes: [{name: vol, image: app, format: oci, platforms: [linux/amd64]}]"
        let root = try await images.build(yaml)
        let lower = "containers/volumes/vol/lower"
        let blobs = [manifest.digest, configuration.digest, Digest(of: layer.finished)]
        let files = Set(root.entries.map(\.entry.path))
        #expect(files.isSuperset(of: blobs.map { BytePath("\(lower)/blobs/sha256/\($0.hex)") }))
        let index = try #require(try text(BytePath("\(lower)/index.json"), of: root, images))
        let decoded = try JSONDecoder().decode(OCIIndex.self, from: Data(index.utf8))
        #expect(
            decoded.manifests[0].digest == manifest.digest && decoded.manifests[0].platform?.architecture == "amd64"
        )
        #expect(try text(BytePath("\(lower)/oci-layout"), of: root, images) == #"{"imageLayoutVersion":"1.0.0"}"#)
        await #expect(throws: DefinitionError.self) {
            try await images.build(yaml.replacingOccurrences(of: "amd64", with: "arm64"))
        }
    }
}
