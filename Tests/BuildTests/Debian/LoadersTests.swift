import Foundation
import Logging
import Testing

@testable import Build

@Suite("Loaders")
struct LoadersTests {
    @Test func theOperatorsOwnWinsThenTheHigherVersion() {
        func file(_ path: String, _ version: String?) -> LoaderFile {
            LoaderFile(name: "ipxe.efi", path: path, version: version)
        }
        let packaged = [file("/old", "1.0.0+git-20190125"), file("/new", "2.0.0+dfsg-5"), file("/older", "1.0.0")]
        #expect(Loaders.chosen(own: [], packaged: packaged).map(\.path) == ["/new"])
        #expect(Loaders.chosen(own: [file("/own", nil)], packaged: packaged).map(\.path) == ["/own"])
    }

    @Test func theOperatorsDirectoryIsFound() async throws {
        let data = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: data.path("loaders/sub"), withIntermediateDirectories: true)
        try Data("x".utf8).write(to: URL(filePath: data.path("loaders/mine-arm64.efi")))
        try Data("x".utf8).write(to: URL(filePath: data.path("loaders/.hidden")))
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let state = DebianState(directory: data.path("debian"), logger: logger)
        let found = await Loaders(data: data.path, debian: state, logger: logger).find()
        let own = found.filter { $0.version == nil }
        #expect(own.map(\.name) == ["mine-arm64.efi"])
        #expect(own.first?.architecture == .arm64)
    }
}
