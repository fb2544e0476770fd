import Foundation
import Testing

@testable import Fleet

@Suite("Power by a program")
struct ExecPowerTests {
    private let directory = TemporaryDirectory()

    private func power(_ script: String, deadline: Duration = .seconds(300)) throws -> ExecPower {
        var timing = PowerTiming()
        timing.deadline = deadline
        timing.retry = .milliseconds(10)
        let program = try directory.program("switch", script)
        return ExecPower(machine: "n1", arguments: [program, "--outlet", "7 a"], timing: timing)
    }

    private func failure(_ power: ExecPower, _ action: PowerAction = .cycle) async -> String {
        do {
            _ = try await power.perform(action)
            return "done"
        } catch {
            return "\(error)"
        }
    }

    @Test func itHearsMachineAndActionTwice() async throws {
        let said = directory.path + "/said"
        let power = try power(#"printf '%s|' "$@" "$MUSTER_MACHINE" "$MUSTER_ACTION" > \#(said)"#)
        _ = try await power.perform(.cycle)
        #expect(try String(contentsOfFile: said, encoding: .utf8) == "--outlet|7 a|n1|cycle|n1|cycle|")
    }

    @Test(arguments: ["on", "off"]) func statusIsItsLastLine(_ state: String) async throws {
        #expect(try await power("echo looking; echo \(state)").perform(.status).state?.rawValue == state)
    }

    @Test func whoSays75IsAskedAgain() async throws {
        let count = directory.path + "/count"
        let power = try power(#"echo x >> \#(count); [ "$(wc -l < \#(count))" -ge 3 ] || exit 75"#)
        _ = try await power.perform(.on)
        #expect(try String(contentsOfFile: count, encoding: .utf8) == "x\nx\nx\n")
    }

    @Test func whoSays75ForEverIsGivenUp() async throws {
        let power = try power("echo the outlet is busy; exit 75", deadline: .seconds(2))
        let failure = await failure(power)
        #expect(failure.hasSuffix("switch was not done within 2 s: the outlet is busy"), "\(failure)")
    }

    @Test func aRefusalsReasonIsItsLastLine() async throws {
        let failure = try await failure(power("echo trying; echo 'no outlet 7' >&2; exit 3"))
        #expect(failure.hasSuffix("switch ended with status 3: no outlet 7"), "\(failure)")
    }

    @Test func whatHangsIsEndedWithWhatItStarted() async throws {
        let child = directory.path + "/child"
        let power = try power("sleep 600 & echo $! > \(child); echo waiting; wait", deadline: .seconds(3))
        let failure = await failure(power)
        #expect(failure.hasSuffix("switch was not done within 3 s: waiting"), "\(failure)")
        let pid = try #require(
            pid_t(try String(contentsOfFile: child, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines))
        )
        // A killed process may be a zombie until its new parent has looked.
        let state = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        #expect(state.isEmpty || state.contains(") Z "), "\(state)")
    }

    @Test func aProgramThatIsNotThereIsSaid() async {
        let power = ExecPower(machine: "n1", arguments: ["/nowhere/switch"], timing: PowerTiming())
        #expect(await failure(power) == "/nowhere/switch is not there, or may not be run")
    }

    @Test func muchOutputIsCutAndReadable() async throws {
        let power = try power("head -c 3000000 /dev/zero | tr '\\0' a; printf '\\n\\033[31mred\\000\\n'; exit 1")
        #expect(await failure(power).hasSuffix("ended with status 1: [31mred"))
    }
}

/// A directory of one test.
final class TemporaryDirectory: Sendable {
    let path = "\(NSTemporaryDirectory())/muster-power-\(UUID().uuidString)"

    init() {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            Issue.record(error)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// A shell script; returns its path.
    func program(_ name: String, _ script: String) throws -> String {
        try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(path)/\(name)")
        return "\(path)/\(name)"
    }
}
