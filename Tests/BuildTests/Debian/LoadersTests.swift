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

    /// A system with these packages installed, as its dpkg knows them.
    private static func system(_ packages: [(LoaderPackage, version: String)]) throws -> TemporaryDirectory {
        let root = try TemporaryDirectory()
        let files = FileManager.default
        try files.createDirectory(atPath: root.path("var/lib/dpkg/info"), withIntermediateDirectories: true)
        var status = ""
        for (loader, version) in packages {
            let package = loader.package
            status += """
                Package: \(package.name)
                Status: install ok installed
                Maintainer: Nobody <nobody@example.org>
                Architecture: \(package.suite == .newer ? "all" : package.architecture.rawValue)
                Multi-Arch: \(package.suite == .newer ? "foreign" : "same")
                Version: \(version)
                Description: loaders


                """
            try files.createDirectory(atPath: root.path(loader.directory), withIntermediateDirectories: true)
            for file in loader.names.keys {
                try Data().write(to: URL(filePath: root.path("\(loader.directory)/\(file)")))
            }
        }
        try Data(status.utf8).write(to: URL(filePath: root.path("var/lib/dpkg/status")))
        return root
    }

    @Test(arguments: [("2.0.0+dfsg-5", []), ("1.0.0+git-20190125.36a4c85-5.1", ["ipxe:amd64"])])
    func nothingIsFetchedThatTheSystemHasInstalled(ipxe: String, missing: [String]) async throws {
        let installed = LoaderPackage.all.map { ($0, $0.package.suite == .newer ? ipxe : "1.0-1") }
        let root = try Self.system(installed)
        let data = try TemporaryDirectory()
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        // A mirror that nobody can reach.
        let state = DebianState(directory: data.path("debian"), mirror: "http://127.0.0.1:1/debian", logger: logger)
        let found = await Loaders(data: data.path, debian: state, root: root.path, logger: logger).ensure()
        #expect(found.missing.keys.sorted() == missing)
        #expect(FileManager.default.fileExists(atPath: data.path("debian")) == !missing.isEmpty, "apt was asked")
        let names = Set(found.files.map(\.name))
        #expect(names.isSuperset(of: ["ipxe.efi", "undionly.kpxe", "shimx64.efi", "grubaa64.efi"]))
        #expect(found.files.first { $0.name == "ipxe.efi" }?.version == ipxe)
    }
}
