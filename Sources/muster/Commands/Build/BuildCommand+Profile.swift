import ArgumentParser
import Control
import Vocabulary

extension BuildCommand {
    /// Has the running server build a profile's image ahead of the machines, and waits for it.
    func build(profile: String) async throws {
        let architecture = try muster.architecture(named: arch)
        try await ControlClient.withServer(of: common) { client in
            var ask = BuildAsk(profile: profile, architecture: architecture, fresh: true)
            var shown: [String] = []
            while true {
                let view: BuildView = try await client.post("/v1/build", ask)
                // From now on the same architecture, and no second look at what has just been looked at.
                ask = BuildAsk(profile: profile, architecture: view.architecture)
                switch view.state {
                case .building:
                    if !common.json {
                        for line in view.lines where !shown.contains(line) { Terminal.write(error: line + "\n") }
                    }
                    shown = view.lines
                    try await Task.sleep(for: .seconds(1))
                case .made:
                    if common.json { return try Terminal.print(json: view) }
                    let image = view.image.map { ", \($0)" } ?? ""
                    let release = view.release.map { "release \($0)" } ?? "an image"
                    return Terminal.print("\(profile) has \(release) for \(view.architecture)\(image)")
                case .failed:
                    if common.json { try Terminal.print(json: view) }
                    throw ClientError("\(profile) could not be built: " + view.lines.joined(separator: "\n"))
                }
            }
        }
    }
}
