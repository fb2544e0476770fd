import AsyncHTTPClient
import Foundation
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// A program's output and how it ended.
enum Command {
    static func run(_ arguments: String...) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: arguments[0])
        process.arguments = Array(arguments.dropFirst())
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, output)
    }
}

/// Debian's Prometheus with a data directory of its own, on a port of the loopback that the system chose; killed with
/// its owner.
final class RunningPrometheus {
    private let directory: TemporaryDirectory
    private let process = Process()

    /// - Parameter target: address and port of what it scrapes each second.
    init(target: String, token: String) throws {
        directory = try TemporaryDirectory()
        let secret = try directory.file("token", token)
        let configuration = try directory.file(
            "prometheus.yml",
            """
            global: { scrape_interval: 1s, scrape_timeout: 1s }
            scrape_configs:
              - job_name: muster
                static_configs: [{ targets: ["\(target)"] }]
                authorization: { credentials_file: \(secret.path) }
            """
        )
        process.executableURL = URL(fileURLWithPath: "/usr/bin/prometheus")
        process.arguments = [
            "--config.file=\(configuration.path)", "--storage.tsdb.path=\(directory.path)/tsdb",
            "--web.listen-address=127.0.0.1:0",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    deinit {
        guard process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// What an instant query comes to, as soon as it comes to something.
    func value(of query: String) async throws -> String {
        let end = ContinuousClock.now + .seconds(60)
        let text = query.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? query
        while ContinuousClock.now < end {
            try #require(process.isRunning, "prometheus ended")
            if let port = try port {
                let request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/api/v1/query?query=\(text)")
                if let answer = try? await HTTPClient.shared.execute(request, timeout: .seconds(5)) {
                    let body = String(buffer: try await answer.body.collect(upTo: 1 << 20))
                    // {"status":"success","data":{"result":[{"metric":{…},"value":[<time>,"1"]}]}}
                    if let match = body.firstMatch(of: /"value":\[[0-9.]+,"([^"]*)"\]/) {
                        return String(match.output.1)
                    }
                }
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("prometheus never had a value of \(query)")
        return ""
    }

    /// The port that it listens on, as the kernel knows it; nil before it does.
    private var port: UInt16? {
        get throws {
            let descriptors = "/proc/\(process.processIdentifier)/fd"
            let names = (try? FileManager.default.contentsOfDirectory(atPath: descriptors)) ?? []
            let sockets = Set(
                names.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "\(descriptors)/\($0)") }
            )
            let table = try String(contentsOfFile: "/proc/net/tcp", encoding: .utf8)
            for line in table.split(separator: "\n").dropFirst() {
                let fields = line.split(separator: " ")
                // Local address, state (0A listens), inode: proc_net_tcp in the kernel's documentation.
                guard fields.count > 9, fields[3] == "0A", sockets.contains("socket:[\(fields[9])]") else { continue }
                return fields[1].split(separator: ":").last.flatMap { UInt16($0, radix: 16) }
            }
            return nil
        }
    }
}
