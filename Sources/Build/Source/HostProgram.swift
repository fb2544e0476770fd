import Subprocess

#if canImport(System)
import System
#else
import SystemPackage
#endif

/// Runs programs of the host with argument arrays, never through a shell, and says in a person's words what went wrong.
package enum HostProgram {
    /// More output than this is an error; 64 MiB hold apt's longest answer many times.
    private static let outputLimit = 64 << 20

    /// Runs `name` from the search path to its end.
    ///
    /// - Parameter accepting: exit codes besides 0 that are answers and no failures.
    /// - Returns: what it wrote to standard output.
    /// - Throws: `BuildError` when it is not there (`unavailable`) or fails, with the last lines of its standard error.
    @discardableResult
    package static func run(
        _ name: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        workingDirectory: String? = nil,
        accepting: Set<Int32> = []
    ) async throws -> String {
        let result = try await spawning(name) {
            try await Subprocess.run(
                executable(name),
                arguments: Arguments(arguments),
                environment: plain(environment),
                workingDirectory: workingDirectory.map { FilePath($0) },
                output: .string(limit: outputLimit),
                error: .string(limit: outputLimit)
            )
        }
        try check(name, arguments, result.terminationStatus, accepting: accepting, said: result.standardError)
        return result.standardOutput
    }

    /// Runs `name` to its end, its standard input coming from the open file `input`.
    package static func run(
        _ name: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        input: FileDescriptor
    ) async throws {
        let result = try await spawning(name) {
            try await Subprocess.run(
                executable(name),
                arguments: Arguments(arguments),
                environment: plain(environment),
                input: .fileDescriptor(input, closeAfterSpawningProcess: false),
                output: .discarded,
                error: .string(limit: outputLimit)
            )
        }
        try check(name, arguments, result.terminationStatus, accepting: [], said: result.standardError)
    }

    /// Runs `name` to its end, its standard output going to the open file `output`.
    package static func run(_ name: String, _ arguments: [String], output: FileDescriptor) async throws {
        let result = try await spawning(name) {
            try await Subprocess.run(
                executable(name),
                arguments: Arguments(arguments),
                environment: plain([:]),
                output: .fileDescriptor(output, closeAfterSpawningProcess: false),
                error: .string(limit: outputLimit)
            )
        }
        try check(name, arguments, result.terminationStatus, accepting: [], said: result.standardError)
    }

    /// A name is looked for in the search path, a path is not.
    private static func executable(_ name: String) -> Executable {
        name.contains("/") ? .path(FilePath(name)) : .name(name)
    }

    /// The environment of this process, but for the language of messages, which are parsed.
    private static func plain(_ additions: [String: String]) -> Environment {
        var changes: [Environment.Key: String?] = ["LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"]
        for (name, value) in additions {
            if let key = Environment.Key(rawValue: name) { changes[key] = value }
        }
        return Environment.inherit.updating(changes)
    }

    private static func spawning<Result: ~Copyable>(
        _ name: String,
        _ body: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await body()
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw BuildError(.unavailable, "\(name) is not installed on this host")
        }
    }

    private static func check(
        _ name: String,
        _ arguments: [String],
        _ status: TerminationStatus,
        accepting: Set<Int32>,
        said: String
    ) throws {
        switch status {
        case .exited(let code) where code == 0 || accepting.contains(code):
            return
        case .exited(let code):
            let reason = said.split(separator: "\n").suffix(3).joined(separator: "; ")
            throw BuildError(
                .unavailable,
                "\(name) \(arguments.first ?? "") ended with status \(code)\(reason.isEmpty ? "" : ": \(reason)")"
            )
        case .signaled(let signal):
            throw BuildError(.unavailable, "\(name) \(arguments.first ?? "") was ended by signal \(signal)")
        }
    }
}
