import Build
import Foundation
import Logging
import Testing
import Vocabulary

@testable import muster

/// What all end-to-end tests share on this host: the executable, the packages and images that were fetched once, and
/// turns for the processor, which emulated machines fill.
actor LabHost {
    static let shared = LabHost()

    /// As many emulated machines as there are processors on a small host.
    private var freeTurns = 2
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var prepared: [Architecture: Task<String, any Error>] = [:]
    private var images: [Images: Task<String, any Error>] = [:]

    /// Container images that definitions name, made once in a run.
    enum Images: String, Sendable { case site, agent }

    /// Whether what takes too long for every change is asked for.
    static let isLong = ProcessInfo.processInfo.environment["MUSTER_LONG"] == "1"

    /// Where our recipes and examples are.
    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// The program under test, beside the tests.
    static var executable: String {
        let bundle = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        let beside = bundle.appending(path: "muster").path
        return FileManager.default.isExecutableFile(atPath: beside) ? beside : ".build/debug/muster"
    }

    /// Kept from run to run, so that only the first one fetches.
    static var store: String {
        URL(filePath: executable).resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "end-to-end").path
    }

    func takeTurn() async {
        if freeTurns > 0 {
            freeTurns -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func giveTurn() {
        if waiting.isEmpty { freeTurns += 1 } else { waiting.removeFirst().resume() }
    }

    /// A data directory with loaders and the image for `firmware` in it. Packages and blobs are the store's, by links:
    /// they are never changed. It lies where paths are short, because a socket's may have 107 bytes.
    func dataDirectory(for firmware: LabFirmware) async throws -> String {
        let store = try await prepare(firmware)
        let directory = "/tmp/muster-e2e-\(getpid())-\(UUID().uuidString.prefix(8))"
        let files = FileManager.default
        try files.createDirectory(atPath: directory + "/lab", withIntermediateDirectories: true)
        try files.createSymbolicLink(atPath: "\(directory)/lab/debian", withDestinationPath: "\(store)/debian")
        // Servers write there: blobs of what they build.
        for part in ["blobs", "images", "first-loader.lkrn"] where files.fileExists(atPath: "\(store)/\(part)") {
            try files.copyItem(atPath: "\(store)/\(part)", toPath: "\(directory)/lab/\(part)")
        }
        return directory
    }

    /// Puts images into a data directory: archives into `images`, a container cache into the lab's own directory.
    func put(_ images: Images, into directory: String) async throws {
        let source = try await make(images)
        let files = FileManager.default
        try files.createDirectory(atPath: directory + "/images", withIntermediateDirectories: true)
        for file in try files.contentsOfDirectory(atPath: source) where file.hasSuffix(".tar") {
            try files.copyItem(atPath: "\(source)/\(file)", toPath: "\(directory)/images/\(file)")
        }
        try files.copyItem(atPath: source + "/cache", toPath: directory + "/lab/cache")
    }

    private func make(_ images: Images) async throws -> String {
        let store = try await prepare(.bios)
        if let task = self.images[images] { return try await task.value }
        let directory = "\(store)/\(images.rawValue)"
        let task = Task {
            try? FileManager.default.removeItem(atPath: directory)
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            switch images {
            case .site: try await SiteImages.write(to: directory, debian: store + "/debian")
            case .agent: try await AgentImages.write(to: directory, debian: store + "/debian")
            }
            return directory
        }
        self.images[images] = task
        return try await task.value
    }

    /// A GRUB that fetches everything by HTTP, at `path`. Debian's signed one has no HTTP; this is made of the same
    /// release's modules.
    func makeGRUB(at path: String) async throws {
        let store = try await prepare(.uefi)
        let logger = Logger(label: "lab", factory: { _ in SwiftLogNoOpLogHandler() })
        let debian = DebianState(directory: store + "/debian", logger: logger)
        let modules = try await debian.fetch([DebianPackage("grub-efi-amd64-bin")])[0]
        let scratch = path + ".parts"
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        try await debian.extract(modules, members: ["./usr/lib/grub/x86_64-efi/*"], to: scratch)
        // Started by PXE it has the firmware's address; started by HTTP boot it asks for one.
        try Data("if [ -z \"$net_default_ip\" ]; then net_bootp; fi\n".utf8)
            .write(to: URL(filePath: scratch + "/embedded.cfg"))
        let server = "\(LabNetwork.server):8080"
        try await HostProgram.run(
            "grub-mkimage",
            [
                "--directory", scratch + "/usr/lib/grub/x86_64-efi", "--format", "x86_64-efi", "--output", path,
                "--config", scratch + "/embedded.cfg", "--prefix", "(http,\(server))/grub",
                "efinet", "net", "http", "linux", "normal", "configfile", "echo", "sleep", "test", "true",
            ]
        )
    }

    private func prepare(_ firmware: LabFirmware) async throws -> String {
        // One at a time: they share the package pool.
        for task in prepared.values { _ = try? await task.value }
        if let task = prepared[firmware.architecture] { return try await task.value }
        let store = Self.store
        let task = Task {
            let logger = Logger(label: "lab", factory: { _ in SwiftLogNoOpLogHandler() })
            let preparation = LabPreparation(directory: store, mirror: nil, logger: logger)
            _ = try await preparation.prepare(firmware.architecture == .amd64 ? .biosChain : .arm64)
            return store
        }
        prepared[firmware.architecture] = task
        return try await task.value
    }
}
