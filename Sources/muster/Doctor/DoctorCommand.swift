import ArgumentParser
import Control
import Foundation

/// `muster doctor`
struct DoctorCommand: AsynchronousCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at everything that serving needs; each finding with its cure.",
        discussion: "The exit status is 1 if something is broken."
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var serving: ServingOptions

    func run() async throws {
        let findings = try await examine()
        if common.json {
            try Terminal.print(json: findings)
        } else {
            for finding in findings { show(finding) }
        }
        if findings.contains(where: { $0.verdict == .broken }) { throw ExitCode(1) }
    }

    private func examine() async throws -> [Finding] {
        let effective: EffectiveConfiguration
        do {
            effective = try common.load(serving)
        } catch let error as ConfigurationError {
            return [
                .broken("configuration", error.description, cure: "correct it; `muster config` reads it the same way")
            ]
        }
        let configuration = effective.configuration
        let server = await RunningServer(socket: configuration.control.socket)
        var findings = effective.findings
        findings += configuration.accountFindings
        if let stranger = ServerNamespace.stranger(at: configuration.control.socket) {
            findings.append(
                .warning(
                    "network",
                    "the server is in another network namespace: its interfaces, ports and packet filters are not seen here",
                    cure: "look from there: nsenter --net --target \(stranger) muster doctor, with the same options"
                )
            )
            findings += server.findings
        } else {
            findings += configuration.interfaceFindings
            findings += configuration.portFindings(isServing: server.isRunning)
            findings += server.findings
            findings += await firewallFindings(configuration)
        }
        findings += await configuration.spaceFindings + clockFindings()
        findings += receiveBufferFindings()
        findings += configuration.databaseFindings + configuration.rescueFindings
        findings += await configuration.loaderFindings()
        return findings
    }

    private func show(_ finding: Finding) {
        let mark =
            switch finding.verdict {
            case .good: "ok     "
            case .warning: "warning"
            case .broken: "BROKEN "
            }
        Terminal.print("\(mark)  \(finding.subject): \(Table.printable(finding.message))")
        if let cure = finding.cure { Terminal.print("         -> \(cure)") }
    }
}

extension EffectiveConfiguration {
    var findings: [Finding] {
        let read = Finding.good("configuration", file.map { "read from \($0)" } ?? "no file; defaults and environment")
        return [read]
            + strayVariables.map {
                .warning(
                    "configuration",
                    "\($0) is in the environment and no setting",
                    cure: "see `muster config --json`"
                )
            }
    }
}

/// The server that runs on this data directory, if one does.
struct RunningServer: Sendable {
    /// nil when none answers.
    var readiness: Readiness?
    /// Other DHCP servers that it saw.
    var rogues: [EventView] = []
    /// Why nothing is granted anywhere; nil when the fleet is not frozen.
    var freeze: String?
    /// Why it cannot be asked.
    var failure: String?

    var isRunning: Bool { readiness != nil }

    init(socket: String) async {
        guard FileManager.default.fileExists(atPath: socket) else { return }
        do {
            (readiness, rogues, freeze) = try await ControlClient.with(socket: socket) { client in
                let readiness = try await client.readiness()
                let events: [EventView] = try await client.get("/v1/events")
                let freeze: FreezeView = try await client.get("/v1/freeze")
                return (readiness, events.filter { $0.kind == "dhcp.rogueServer" }, freeze.reason)
            }
        } catch {
            failure = "\(error)"
        }
    }

    private static func cure(of check: Readiness.Check) -> String {
        guard check.name == "tcp" else { return "see the server's log; machines boot from memory meanwhile" }
        return "nothing has to be started again: the server tries every few seconds, and serves its socket meanwhile"
    }

    var findings: [Finding] {
        guard let readiness else {
            if let failure {
                return [.warning("server", failure, cure: "start `muster serve`, or look at its log")]
            }
            return [.warning("server", "muster serve is not running", cure: "start it: systemctl start muster")]
        }
        var findings = readiness.checks.map { check in
            check.isReady
                ? Finding.good(check.name, check.message)
                : .broken(check.name, check.message, cure: Self.cure(of: check))
        }
        if let freeze {
            let cure = "when that is over: `muster thaw`"
            findings.append(.warning("fleet", "frozen: \(freeze); nothing is granted or switched", cure: cure))
        }
        for rogue in Dictionary(grouping: rogues, by: \.message).values.compactMap(\.last) {
            findings.append(
                .warning(
                    "other DHCP server",
                    "\(rogue.message), last at \(rogue.time)",
                    cure: "in server mode switch it off; beside it, set dhcp.mode to proxy"
                )
            )
        }
        if rogues.isEmpty { findings.append(.good("other DHCP server", "the server has seen none")) }
        return findings
    }
}
