import Build
import Foundation
import Vocabulary

@testable import muster

/// Container images of our recipes, each made once for all tests of a run.
actor OwnPackages {
    static let shared = OwnPackages()

    private static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    private var made: [Architecture: Set<String>] = [:]
    /// One at a time: they share a data directory.
    private var last: Task<Void, any Error>?

    /// Gives a data directory of `LabHost` a container cache with these images.
    ///
    /// - Parameter recipes: as `muster pkg build` takes them, below `boot/images`.
    func give(_ recipes: [String], _ architecture: Architecture, to directory: String) async throws {
        let before = last
        let missing = recipes.filter { made[architecture]?.contains($0) != true }
        made[architecture, default: []].formUnion(missing)
        let store = LabHost.store + "/own-\(architecture)"
        let task = Task {
            // Who failed has said so.
            _ = await before?.result
            if !missing.isEmpty { try await Self.make(missing, architecture, in: store) }
        }
        last = task
        do {
            try await task.value
        } catch {
            made[architecture]?.subtract(missing)
            throw error
        }
        try await HostProgram.run("cp", ["--archive", store + "/cache", directory + "/lab/cache"])
    }

    private static func make(_ recipes: [String], _ architecture: Architecture, in store: String) async throws {
        let files = FileManager.default
        try files.createDirectory(atPath: store, withIntermediateDirectories: true)
        if !files.fileExists(atPath: store + "/debian") {
            try files.createSymbolicLink(atPath: store + "/debian", withDestinationPath: LabHost.store + "/debian")
        }
        try await HostProgram.run("\(repository)/Sources/Init/build", ["\(architecture)"])
        let paths = recipes.map { "\(repository)/boot/images/\($0)" }
        let arguments = ["pkg", "build", "--arch", "\(architecture)", "--data", store]
        try await HostProgram.run(LabHost.executable, arguments + paths)
    }
}
