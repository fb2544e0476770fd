import Control
import FoundationEssentials
import Subprocess

#if canImport(Glibc)
import Glibc
#endif

/// The lab's server: `muster serve` itself, with a configuration of the lab's.
struct LabServer: Sendable {
    let plan: LabPlan

    /// How long it may take until it answers. A debug build on a busy host needs a few seconds.
    private static let startLimit = Duration.seconds(60)

    /// Whom the server becomes: the user of production, or nobody; root only where neither would get to `directory`.
    static func user(of directory: String) -> String {
        var status = stat()
        var parent = directory[...]
        while let slash = parent.lastIndex(of: "/") {
            parent = parent[..<slash]
            guard stat("\(parent)/", &status) == 0, status.st_mode & S_IXOTH != 0 else { return "root" }
        }
        return ["muster", "nobody"].first { getpwnam($0) != nil } ?? "root"
    }

    /// Runs the server until it is cancelled. One that is killed is started again, as `boot/units/muster.service` has it.
    /// - Throws: `LabError` with the end of its log, when it ends by itself, or is killed again and again.
    func run() async throws {
        let command = [LabProcess.ownPath, "serve", "--config", plan.configurationPath]
        try? FileManager.default.removeItem(atPath: plan.serverLog)
        let clock = ContinuousClock()
        var starts: [ContinuousClock.Instant] = []
        while true {
            starts.append(clock.now)
            let status = try await LabProcess.run(command, log: plan.serverLog)
            if Task.isCancelled { return }
            // systemd's own limit.
            starts.removeAll { clock.now - $0 > .seconds(10) }
            guard case .signaled = status, starts.count < 5 else {
                throw LabError("the server ended (\(status)); the end of \(plan.serverLog):\n\(logEnd())")
            }
            Terminal.warn("the server was killed (\(status)) and starts again")
            try await Task.sleep(for: .seconds(1))
        }
    }

    /// Waits until the server answers, and tells it about the machines.
    /// - Throws: what the server says against it, or `LabError` when it does not answer in time.
    func describeMachines() async throws {
        let request = ApplyRequest(
            documents: [ApplyRequest.Document(source: plan.resourcesPath, text: plan.resources)],
            definitions: plan.definition.map { [ApplyRequest.Document(source: $0.path, text: $0.text)] },
            dryRun: false
        )
        try await ControlClient.with(socket: plan.socket) { client in
            let clock = ContinuousClock()
            let deadline = clock.now + Self.startLimit
            while true {
                do {
                    let report: ApplyReport = try await client.post("/v1/apply", request)
                    return try await refresh(after: report, client)
                } catch let error as ClientError where error.status == nil {
                    guard clock.now < deadline else {
                        throw LabError("\(error); the end of \(plan.serverLog):\n\(logEnd())")
                    }
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
        }
    }

    /// What was built of the same definition in an earlier lab may have been made of other images: it is built again
    /// before a machine asks. A definition that is new is built when the first machine asks.
    private func refresh(after report: ApplyReport, _ client: ControlClient) async throws {
        guard let definition = plan.definition,
            report.changes.contains(where: {
                $0.kind == "Profile" && $0.name == definition.name && $0.action == .unchanged
            })
        else { return }
        var ask = BuildAsk(profile: definition.name, architecture: plan.firmware.architecture, fresh: true)
        // A failure is shown on the machine's screen.
        while case let view:BuildView = try await client.post("/v1/build", ask), view.state == .building {
            ask.fresh = false
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Waits until the server knows that what a boot brought up is healthy.
    func waitUntilHealthy(_ boot: String) async throws {
        try await ControlClient.with(socket: plan.socket) { client in
            while true {
                let boots: [BootView] = try await client.get("/v1/boots?limit=\(LabCommand.Options.mostMachines)")
                if boots.contains(where: { $0.id.description == boot && $0.state == .healthy }) { return }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    private func logEnd() -> String {
        let text = (try? String(contentsOfFile: plan.serverLog, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").suffix(8).joined(separator: "\n")
    }
}
