import FoundationEssentials
import Subprocess

#if canImport(Glibc)
import Glibc
#endif
#if canImport(System)
import System
#else
import SystemPackage
#endif

/// Programs of the lab that run for long. They end with this process, however it ends.
enum LabProcess {
    /// This executable.
    static var ownPath: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "muster"
    }

    /// Words before a command that make the kernel kill it when this process is gone: the parent-death signal, which
    /// stays through `exec`. Of a parent that went before it was asked for it says nothing, so the shell looks for it.
    private static var tied: [String] {
        ["--pdeathsig", "KILL", "--", "sh", "-c", #"[ "$PPID" = "$0" ] && exec "$@""#, "\(getpid())"]
    }

    /// The user's own `MUSTER_…` settings are none of the lab's.
    static var environment: Environment {
        var changes: [Environment.Key: String?] = [:]
        for name in ProcessInfo.processInfo.environment.keys where name.hasPrefix("MUSTER_") {
            if let key = Environment.Key(rawValue: name) { changes.updateValue(nil, forKey: key) }
        }
        return Environment.inherit.updating(changes)
    }

    /// Runs `command` to its end, its output added to the file `log`. Cancelled, it is asked to end, and made to after
    /// five seconds.
    static func run(_ command: [String], log: String) async throws -> TerminationStatus {
        let file = try FileDescriptor.open(
            log,
            .writeOnly,
            options: [.create, .append, .closeOnExec],
            permissions: [.ownerReadWrite, .groupRead, .otherRead]
        )
        defer { try? file.close() }
        return try await Subprocess.run(
            .name("setpriv"),
            arguments: Arguments(tied + command),
            environment: environment,
            platformOptions: options,
            output: .fileDescriptor(file, closeAfterSpawningProcess: false),
            error: .combinedWithOutput
        ).terminationStatus
    }

    /// Runs `command` with this process's own terminal.
    static func runInForeground(_ command: [String]) async throws -> TerminationStatus {
        try await Subprocess.run(
            .name("setpriv"),
            arguments: Arguments(tied + command),
            environment: environment,
            platformOptions: options,
            input: .currentStandardInput,
            output: .currentStandardOutput,
            error: .currentStandardError
        ).terminationStatus
    }

    /// Runs `command`, handing what it writes to `body` as it comes.
    static func run(
        _ command: [String],
        output body: @escaping @Sendable ([UInt8]) -> Void
    ) async throws -> TerminationStatus {
        try await Subprocess.run(
            .name("setpriv"),
            arguments: Arguments(tied + command),
            environment: environment,
            platformOptions: options,
            input: .none,
            output: .sequence,
            error: .combinedWithOutput
        ) { execution in
            for try await buffer in execution.standardOutput {
                body(buffer.withUnsafeBytes { Array($0) })
            }
        }.terminationStatus
    }

    private static var options: PlatformOptions {
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(5))]
        return options
    }
}
