import Build
import Foundation
import Testing

@testable import muster

/// Debian's docker-registry on the loopback interface of a lab's network.
struct LabRegistry: Sendable {
    static let address = "127.0.0.1:5000"
    let lab: RunningLab

    /// Serves for as long as `body` takes.
    func whileServing(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let directory = lab.data + "/registry"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let settings = """
            version: 0.1
            storage: {filesystem: {rootdirectory: "\(directory)/storage"}}
            http: {addr: "\(Self.address)"}
            """
        try Data(settings.utf8).write(to: URL(filePath: directory + "/config.yml"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                let command = try lab.inside + ["docker-registry", "serve", directory + "/config.yml"]
                let status = try await LabProcess.run(command, log: directory + "/log")
                guard !Task.isCancelled else { return }
                throw LabError("docker-registry ended (\(status))")
            }
            group.addTask {
                let patience = ["--retry", "60", "--retry-connrefused", "--retry-delay", "1"]
                try await lab.runInside(["curl", "--silent", "--fail"] + patience + ["http://\(Self.address)/v2/"])
                try await body()
            }
            try await group.next()
        }
    }

    /// Puts an archive of the lab's images into it.
    func push(_ archive: String, as name: String) async throws {
        try await lab.runInside([
            "skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false",
            "oci-archive:\(lab.images)/\(archive)", "docker://\(Self.address)/\(name)",
        ])
    }
}
