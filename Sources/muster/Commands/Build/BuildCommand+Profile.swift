import ArgumentParser
import Control
import Vocabulary

extension BuildCommand {
    /// Has the running server build a profile's image ahead of the machines, and waits for it.
    func build(profile: String) async throws {
        let architecture = try muster.architecture(named: arch)
        try await ControlClient.withServer(of: common) { client in
            var client = client
            client.reason = change.reason
            let ask = BuildAsk(profile: profile, architecture: architecture, fresh: true)
            let view = try await client.build(ask, isShown: !common.json)
            if common.json { try Terminal.print(json: view) }
            try view.succeeded()
            if common.json { return }
            let image = view.image.map { ", \($0)" } ?? ""
            let release = view.release.map { "release \($0)" } ?? "an image"
            Terminal.print("\(profile) has \(release) for \(view.architecture)\(image)")
        }
    }
}
