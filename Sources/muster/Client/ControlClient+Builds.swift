import Control

extension BuildView {
    /// - Throws: `ClientError` with why it could not be built.
    func succeeded() throws {
        guard state == .failed else { return }
        throw ClientError("\(profile) could not be built: " + lines.joined(separator: "\n"))
    }
}

extension ControlClient {
    /// Has a profile's image built, or joins its build, and waits for the end; what is being done is shown meanwhile.
    ///
    /// - Returns: how it ended: `made` or `failed`.
    func build(_ ask: BuildAsk, isShown: Bool) async throws -> BuildView {
        var ask = ask
        var shown: [String] = []
        while true {
            let view: BuildView = try await post("/v1/build", ask)
            // From now on the same architecture, and no second look at what has just been looked at.
            ask = BuildAsk(profile: ask.profile, architecture: view.architecture)
            switch view.state {
            case .building:
                if isShown {
                    for line in view.lines where !shown.contains(line) { Terminal.write(error: line + "\n") }
                }
                shown = view.lines
                try await Task.sleep(for: .seconds(1))
            case .made, .failed: return view
            }
        }
    }
}
