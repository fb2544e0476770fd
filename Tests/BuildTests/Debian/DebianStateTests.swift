import Foundation
import Logging
import Testing
import Vocabulary

@testable import Build

/// A real apt on the mirrors of this host's own sources.
@Suite("The private apt state")
struct DebianStateTests {
    static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    @Test(.timeLimit(.minutes(3)))
    func fetchesOnceAndWorksWithoutANetworkAfterwards() async throws {
        let data = try TemporaryDirectory()
        let before = try Self.fingerprint("/etc/apt")
        let wanted = [
            DebianPackage("busybox-static", architecture: .arm64), DebianPackage("ipxe", suite: .newer),
            DebianPackage("linux-image-cloud-amd64"),
        ]
        let state = DebianState(directory: data.path("debian"), logger: Self.logger)
        let fetched = try await state.fetch(wanted)
        #expect(fetched.map(\.package) == wanted)
        #expect(DebianVersion(fetched[1].version) >= DebianVersion("2.0"))
        #expect(fetched[2].dependency(startingWith: "linux-image-")?.hasSuffix("-cloud-amd64") == true)
        #expect(fetched[0].path.hasSuffix("/pool/\(fetched[0].digest.hex).deb"))
        #expect(try Self.fingerprint("/etc/apt") == before)

        // A mirror that nobody can reach: what was fetched is there, and what was not says why.
        let offline = DebianState(
            directory: data.path("debian"),
            mirror: "http://127.0.0.1:1/debian",
            logger: Self.logger
        )
        #expect(try await offline.fetch(wanted) == fetched)
        #expect(try await offline.fetch(wanted, refresh: true) == fetched)
        await #expect(throws: BuildError.self) { try await offline.fetch([DebianPackage("hello")]) }

        let out = data.path("out")
        try await offline.extract(fetched[0], members: ["./bin/busybox"], to: out)
        #expect(FileManager.default.isExecutableFile(atPath: out + "/bin/busybox"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: out) == ["bin"])
    }

    @Test(.timeLimit(.minutes(1)))
    func aMirrorWithoutValidSignaturesIsRefused() async throws {
        let data = try TemporaryDirectory()
        let release = data.path("mirror/dists/bookworm")
        try FileManager.default.createDirectory(atPath: release, withIntermediateDirectories: true)
        try Data("Origin: Debian\nSuite: bookworm\nCodename: bookworm\n".utf8)
            .write(to: URL(filePath: release + "/Release"))
        let state = DebianState(
            directory: data.path("debian"),
            mirror: "file:\(data.path("mirror"))",
            logger: Self.logger
        )
        let error = await #expect(throws: BuildError.self) { try await state.fetch([DebianPackage("ipxe")]) }
        #expect(error?.code == .unavailable)
    }

    /// Every file below `directory` with its size and time.
    static func fingerprint(_ directory: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: directory).sorted().map { path in
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(directory)/\(path)")
            return "\(path) \(attributes[.size] ?? 0) \(attributes[.modificationDate] ?? Date.distantPast)"
        }
    }
}
