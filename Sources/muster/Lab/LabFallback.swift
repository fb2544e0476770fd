import ArgumentParser
import FoundationEssentials
import Subprocess

#if canImport(Glibc)
import Glibc
#endif

/// What `lab run` does on a host where no lab can be made: serves on the loopback interface, and says what to do.
struct LabFallback: Sendable {
    let configuration: Configuration
    /// Why there is no lab, each with its cure.
    let reasons: [String]

    func run() async throws {
        let directory = try writableDirectory()
        let path = directory + "/loopback.yml"
        // Ports that need no privileges, and no DHCP: nothing else on this host is touched.
        let text = """
            # Written by muster lab; changes are lost.
            data: "\(directory)"
            interface: lo
            address: 127.0.0.1
            user: \(LabServer.user(of: directory))
            dhcp: { mode: off }
            tftp: { port: 6969 }
            http: { port: 8080 }
            control: { listen: "127.0.0.1:8081" }

            """
        try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        Terminal.warn(
            """
            no virtual machine can be booted here:
              \(reasons.joined(separator: "\n  "))
            Serving on the loopback interface instead:
              http://127.0.0.1:8080/boot.ipxe   what a machine is told (curl it)
              http://127.0.0.1:8081/            the control plane
              muster get machines --data \(directory)
            Then run this again, or `muster serve` on a network of yours: README.md says how.
            """
        )
        let server = [LabProcess.ownPath, "serve", "--config", path]
        // Somebody at a terminal ends it when they have seen enough; without one nobody would.
        guard isatty(STDOUT_FILENO) != 1 else {
            let status = try await LabProcess.runInForeground(server)
            throw ExitCode(status.isSuccess ? 0 : 1)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await LabProcess.runInForeground(server) }
            group.addTask { try await Task.sleep(for: LabSession.limit) }
            try await group.next()
            group.cancelAll()
        }
        throw ExitCode(1)
    }

    /// The data directory, or one of the user's own when that is not ours to write.
    private func writableDirectory() throws -> String {
        let environment = ProcessInfo.processInfo.environment
        let home = environment["HOME"] ?? "/tmp"
        let own = environment["XDG_STATE_HOME"] ?? home + "/.local/state"
        for directory in [configuration.data + "/lab", own + "/muster", "/tmp/muster-\(getuid())"] {
            let made: Void? = try? FileManager.default.createDirectory(
                atPath: directory,
                withIntermediateDirectories: true
            )
            if made != nil, access(directory, W_OK) == 0 { return directory }
        }
        throw LabError("there is no directory to keep data in: name one with --data")
    }
}
