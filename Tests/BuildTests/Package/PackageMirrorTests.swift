import Foundation
import Logging
import Testing
import Vocabulary

@testable import Build

/// Images of real packages, from the mirrors of this host's own sources.
@Suite("Images of Debian's packages")
struct PackageMirrorTests {
    private static let recipe = """
        image: shell
        packages:
          - {name: busybox, keep: [bin/busybox]}
        """

    @Test(.timeLimit(.minutes(3)))
    func areMadeOfWhatTheMirrorSignsAndAgainWithoutOne() async throws {
        let data = try TemporaryDirectory()
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let state = DebianState(directory: data.path("debian"), logger: logger)
        let recipe = try PackageRecipe.read(Self.recipe, path: "package.yml", data.path, .arm64)[0]
        let built = try await PackageBuilder(dataDirectory: data.path, debian: state).build(recipe)
        // Found by what the program says that it needs.
        #expect(built.packages.map(\.name) == ["busybox", "libc6"])
        #expect(built.packages.allSatisfy { $0.architecture == "arm64" })
        try await Self.expectLists(of: data, areFetchedAgain: false, after: 590)
        try await Self.expectLists(of: data, areFetchedAgain: true, after: 610)

        let lock = try PackageLock(parsing: String(contentsOfFile: built.lock, encoding: .utf8), path: built.lock)
        let offline = DebianState(
            directory: data.path("debian"),
            mirror: "http://127.0.0.1:1/debian",
            logger: logger
        )
        let other = try TemporaryDirectory()
        let again = try await PackageBuilder(dataDirectory: other.path, debian: offline).build(recipe, lock: lock)
        #expect(again.digest == built.digest)
        let nothing = try PackageRecipe.read(
            "image: x\npackages: [{name: no-such-package, keep: [a]}]",
            path: "package.yml",
            data.path,
            .amd64
        )[0]
        let error = await #expect(throws: BuildError.self) {
            try await PackageBuilder(dataDirectory: data.path, debian: state).build(nothing)
        }
        #expect(error?.message.contains("no-such-package") == true)
    }

    /// - Parameter seconds: how much later another process wants to know what there is.
    private static func expectLists(
        of data: TemporaryDirectory,
        areFetchedAgain: Bool,
        after seconds: TimeInterval
    ) async throws {
        func fetched() throws -> Date? {
            let path = data.path("debian/state/fetched.sources")
            return try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
        }
        let before = try #require(try fetched())
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let state = DebianState(directory: data.path("debian"), logger: logger) {
            before.addingTimeInterval(seconds)
        }
        _ = try await state.resolve(["busybox"], architecture: .arm64)
        let later = try #require(try fetched()).timeIntervalSince(before)
        #expect(abs(later - (areFetchedAgain ? seconds : 0)) < 1)
    }

    /// Of the kernel's modules one is kept; those that it depends on come with it, and depmod says so.
    @Test(.timeLimit(.minutes(4)))
    func keepTheModulesThatModulesDependOn() async throws {
        let data = try TemporaryDirectory()
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let state = DebianState(directory: data.path("debian"), logger: logger)
        let text = """
            image: kernel
            packages:
              - name: linux-image-cloud-amd64
                dependency: linux-image-[0-9]*
                keep: [lib/modules/*/modules.*, lib/modules/*/kernel/drivers/net]
                drop: ["lib/modules/*/kernel/drivers/net/[!v]*", "lib/modules/*/kernel/drivers/net/v[!i]*"]
            steps: [{depmod: lib/modules}]
            """
        let recipe = try PackageRecipe.read(text, path: "package.yml", data.path, .amd64)[0]
        _ = try await PackageBuilder(dataDirectory: data.path, debian: state).build(recipe)
        let cache = try ContainerCache(dataDirectory: data.path)
        let image = try await cache.image(recipe.reference, architecture: .amd64)
        let layers = try LayerStore(dataDirectory: data.path)
        let entries = try await layers.table(of: #require(image.layers.first)).entries
        let names = entries.map { $0.path.description.split(separator: "/").last.map(String.init) ?? "" }
        #expect(names.contains("virtio_net.ko") && names.contains("net_failover.ko"))
        // Elsewhere, below net/core.
        #expect(names.contains("failover.ko"))
        #expect(!names.contains("e1000.ko"))
        let table = try #require(entries.first { $0.path.description.hasSuffix("/modules.dep") })
        guard case .file(let content) = table.kind else { throw BuildError(.notFound, "modules.dep is no file") }
        let dependencies = String(decoding: try await layers.bytes(of: content, limit: 1 << 20), as: UTF8.self)
        #expect(dependencies.contains("virtio_net.ko: kernel/"))
    }
}
