import Subprocess

#if canImport(System)
import System
#else
import SystemPackage
#endif

/// Runs an operator's program with an argument array, never through a shell, and ends it and what it started when it
/// takes too long.
struct HookProgram: Sendable {
    /// How a run ended.
    enum End: Hashable, Sendable {
        case exited(Int)
        case signalled(Int)
        /// It was ended at its time limit.
        case late
        /// It could not be started: why.
        case unstarted(String)
    }

    struct Result: Hashable, Sendable {
        var end: End
        /// Of output and errors together, the last `HookProgram.mostOutput` bytes.
        var output: String

        /// What it said last.
        var lastLine: String? { HookText.lastLine(of: output) }
    }

    /// Exit status by which a hook says "ask me again": EX_TEMPFAIL of sysexits.h.
    static let again = 75
    static let mostOutput = 64 * 1024

    /// The program, by path or by a name in the search path, and its arguments.
    var arguments: [String]
    /// Beside the server's own.
    var environment: [String: String] = [:]
    /// Instead of the server's own; nil to hand that on.
    var onlyEnvironment: [String: String]?
    /// What it reads.
    var input = ""
    var limit: Duration

    func run() async -> Result {
        guard let program = arguments.first else { return Result(end: .unstarted("no program is named"), output: "") }
        return await withTaskGroup(of: Result?.self) { group in
            group.addTask { await self.start(program) }
            group.addTask {
                try? await Task.sleep(for: limit)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            if let first { return first }
            // The limit came first: the program is being ended, and its own result says what it said until then.
            let output = (await group.next() ?? nil)?.output ?? ""
            return Result(end: .late, output: output)
        }
    }

    private func start(_ program: String) async -> Result {
        let output = Tail()
        do {
            let status =
                input.isEmpty
                ? try await run(program, input: .none, output) : try await run(program, input: .string(input), output)
            switch status {
            case .exited(let code): return Result(end: .exited(Int(code)), output: await output.text)
            case .signaled(let signal): return Result(end: .signalled(Int(signal)), output: await output.text)
            }
        } catch let error as SubprocessError where error.code == .executableNotFound {
            return Result(end: .unstarted("\(program) is not there, or may not be run"), output: "")
        } catch is CancellationError {
            return Result(end: .late, output: await output.text)
        } catch {
            return Result(end: .unstarted("\(program) cannot be run: \(error)"), output: await output.text)
        }
    }

    private func run<Input: InputProtocol>(
        _ program: String,
        input: Input,
        _ tail: Tail
    ) async throws -> TerminationStatus {
        var options = PlatformOptions()
        // What it starts is ended with it.
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .seconds(1)),
            .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .milliseconds(10)),
        ]
        return try await Subprocess.run(
            program.contains("/") ? .path(FilePath(program)) : .name(program),
            arguments: Arguments(Array(arguments.dropFirst())),
            environment: childEnvironment,
            platformOptions: options,
            input: input,
            output: .sequence,
            error: .combinedWithOutput
        ) { execution in
            for try await buffer in execution.standardOutput {
                await tail.append(buffer.withUnsafeBytes { Array($0) })
            }
        }.terminationStatus
    }

    private var childEnvironment: Environment {
        func keys(_ values: [String: String]) -> [Environment.Key: String] {
            var keys: [Environment.Key: String] = [:]
            for (name, value) in values { if let key = Environment.Key(rawValue: name) { keys[key] = value } }
            return keys
        }
        if let onlyEnvironment { return .custom(keys(onlyEnvironment)) }
        return Environment.inherit.updating(keys(environment).mapValues { .some($0) })
    }
}

/// The end of what a program wrote.
private actor Tail {
    private var bytes: [UInt8] = []

    func append(_ more: [UInt8]) {
        bytes += more
        if bytes.count > 2 * HookProgram.mostOutput { bytes.removeFirst(bytes.count - HookProgram.mostOutput) }
    }

    var text: String { String(decoding: bytes.suffix(HookProgram.mostOutput), as: UTF8.self) }
}
