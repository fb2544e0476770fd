import Build
import Control
import Foundation
import Simulator
import Vocabulary

/// Writes what a simulation needs into a server: a loader, an image, a profile and machines.
struct SimulationPreparation {
    var machines: Int
    var seed: UInt64

    func run(_ common: CommonOptions) async throws {
        let data = try common.load().configuration.data
        try placeLoader(in: data + "/loaders")
        let image = try makeImage(in: common.imageStore())
        var changed = 0
        try await ControlClient.withServer(of: common) { client in
            for (index, text) in SimulatedFiles.resources(machines: machines).enumerated() {
                let document = ApplyRequest.Document(source: "simulated-\(index).yml", text: text)
                let report: ApplyReport = try await client.post(
                    "/v1/apply",
                    ApplyRequest(documents: [document], definitions: [], dryRun: false)
                )
                changed += report.changes.count { $0.action != .unchanged }
            }
            try await waitForRelease(of: image.digest, client)
        }
        Terminal.print(
            """
            \(image.name) release \(image.release): \(image.digest)
            \(machines) machines of the profile \(SimulatedFiles.profile), \(changed) resources changed
            boot them: \(common.again("simulate --machines \(machines)"))
            """
        )
    }

    /// The server notices new images by itself, a moment later; who types the next command at once means this one.
    private func waitForRelease(of image: Digest, _ client: ControlClient) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            let releases: [ReleaseView] = try await client.get("/v1/releases")
            let made = releases.filter { $0.profile == SimulatedFiles.profile }
            if made.contains(where: { $0.images.values.contains(image) }) { return }
            guard ContinuousClock.now < deadline else {
                throw ClientError("the server has made no release of \(image.short) within 30 s; its log says why")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func placeLoader(in directory: String) throws {
        let path = "\(directory)/\(SimulatedFiles.loaderName)"
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            try Data(SimulatedFiles.loader).write(to: URL(filePath: path), options: .atomic)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        } catch {
            throw ClientError("cannot write the simulated machines' loader \(path): \(error.localizedDescription)")
        }
    }

    private func makeImage(in store: ImageStore) throws -> ImageStore.Entry {
        let directory = FileManager.default.temporaryDirectory.appending(path: "muster-simulate-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let files = SimulatedFiles(seed: seed)
        let (kernel, initrd) = (directory.appending(path: "kernel"), directory.appending(path: "initrd"))
        try Data(files.kernel).write(to: kernel)
        try Data(files.initrd).write(to: initrd)
        return try store.import(
            name: SimulatedFiles.profile,
            kernel: kernel.path(percentEncoded: false),
            initrds: [initrd.path(percentEncoded: false)],
            labels: [ImageManifest.agentLabel: "1"]
        )
    }
}
