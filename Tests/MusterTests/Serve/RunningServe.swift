import Foundation
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// `muster serve`, or one of its planes, on the loopback interface, on ports that the system chose, with DHCP off;
/// killed with its owner.
final class RunningServe {
    let directory: TemporaryDirectory
    let process = Process()
    private let log: URL

    var data: String { directory.path + "/data" }
    var configuration: String { directory.path + "/muster.yml" }
    var identifier: pid_t { process.processIdentifier }

    /// What stands under `control:`: a port that the system chooses.
    static let anyPort = #"listen: "127.0.0.1:0""#

    static func yaml(
        data: String,
        http: String = "port: 0",
        control: String = anyPort,
        more: String = ""
    ) -> String {
        """
        data: \(data)
        user: nobody
        dhcp: { mode: off }
        tftp: { port: 0 }
        http: { \(http) }
        control: { \(control) }
        debian: { mirror: "file:///nowhere" }
        \(more)
        """
    }

    /// Starts it and waits until it answers.
    ///
    /// - Parameters:
    ///   - http: what stands under `http:`.
    ///   - control: what stands under `control:`.
    ///   - hasControl: whether its control plane is expected to answer.
    ///   - plane: for `--only`.
    ///   - other: whose data directory to use.
    init(
        http: String = "port: 0",
        control: String = anyPort,
        hasControl: Bool = true,
        more: String = "",
        only plane: String? = nil,
        beside other: RunningServe? = nil
    ) throws {
        directory = try other?.directory ?? TemporaryDirectory()
        log = try directory.file("log" + (plane ?? ""))
        try directory.file("muster.yml", Self.yaml(data: data, http: http, control: control, more: more))
        process.executableURL = URL(fileURLWithPath: try ExecutableUnderTest.path)
        process.arguments = ["serve", "--config", configuration] + (plane.map { ["--only", $0] } ?? [])
        process.environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: log)
        try process.run()
        try waitUntil("it listens") {
            // Two listeners, in either order; the boot plane alone has no TCP of its own for people.
            guard hasControl else { return logged("boot plane listening") && logged("control plane does not serve") }
            return (plane == "boot" || listens(on: "url=")) && listens(on: "socket=")
                && (plane == "control" || logged("boot plane listening"))
        }
    }

    deinit {
        guard process.isRunning else { return }
        kill(identifier, SIGKILL)
        // Else it would write into a directory that is being removed.
        process.waitUntilExit()
    }

    var logText: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    func logged(_ text: String) -> Bool { logText.contains(text) }

    private func listens(on address: String) -> Bool {
        logText.split(separator: "\n").contains { $0.contains("control plane listens") && $0.contains(address) }
    }

    /// Of the boot plane's HTTP.
    var bootPort: UInt16 {
        get throws {
            let line = logText.split(separator: "\n").last { $0.contains("boot plane listening") }
            let digits = line?.split(separator: ":").last?.prefix { $0.isNumber }
            return try #require(digits.flatMap { UInt16($0) }, "\(logText)")
        }
    }

    func muster(_ arguments: String...) throws -> ExecutableUnderTest.Result {
        try ExecutableUnderTest.run(arguments + ["--data", data])
    }

    /// Sends a signal.
    func signal(_ number: Int32) { kill(identifier, number) }

    /// The exit status, after the end.
    func waitForExit() throws -> Int32 {
        try waitUntil("it ends") { !process.isRunning }
        return process.terminationStatus
    }

    /// Looks again and again, for as long as a busy host may need.
    func waitUntil(_ what: String, _ condition: () -> Bool) throws {
        let end = Date(timeIntervalSinceNow: 30)
        while !condition() {
            try #require(Date() < end && (process.isRunning || what == "it ends"), "\(what), but: \(logText)")
            usleep(10_000)
        }
    }

    /// A field of every thread's `/proc/PID/task/TID/status`.
    func threads(_ field: String) throws -> [String] {
        let tasks = "/proc/\(identifier)/task"
        return try FileManager.default.contentsOfDirectory(atPath: tasks).compactMap { task in
            let status = try? String(contentsOfFile: "\(tasks)/\(task)/status", encoding: .utf8)
            let line = status?.split(separator: "\n").first { $0.hasPrefix(field + ":") }
            return line.map { String($0.dropFirst(field.count + 1)).trimmingCharacters(in: .whitespaces) }
        }
    }
}
