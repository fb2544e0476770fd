import Build
import Foundation
import Testing

@testable import muster

#if canImport(Glibc)
import Glibc
#endif

/// What a test asks the lab's server, and does to it.
extension RunningLab {
    /// A machine as `muster describe machine -o json` would show it.
    struct Description: Decodable, Sendable {
        struct Machine: Decodable, Sendable { var images: Images }
        struct Images: Decodable, Sendable {
            var desired: String?
            var assigned: String?
            var lastGood: String?
            var triesLeft: Int
            var reason: String?
        }
        struct Event: Decodable, Sendable {
            var kind: String
            var message: String
        }
        var machine: Machine
        /// Newest first.
        var events: [Event]

        var images: Images { machine.images }
    }

    /// The words before a command that runs in the lab's network.
    var inside: [String] {
        get throws { ["nsenter", "--net", "--target", "\(try process)", "--"] }
    }

    /// Runs a program in the lab's network to its end.
    /// - Returns: what it wrote to standard output.
    @discardableResult
    func runInside(_ command: [String]) async throws -> String {
        let whole = try inside + command
        return try await HostProgram.run(whole[0], Array(whole.dropFirst()))
    }

    private var socket: String { data + "/lab/muster.sock" }

    /// Looks again and again until there is something, also while the server is away for a moment.
    @discardableResult
    func wait<Value: Sendable>(
        for what: String,
        within limit: Duration = .seconds(120),
        _ look: (ControlClient) async throws -> Value?
    ) async throws -> Value {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        return try await ControlClient.with(socket: socket) { client in
            while clock.now < deadline {
                do {
                    if let value = try await look(client) { return value }
                } catch let error as ClientError where error.status == nil {}
                try await Task.sleep(for: .milliseconds(10))
            }
            throw LabError("no \(what) within \(limit)")
        }
    }

    func describe(_ machine: String) async throws -> Description {
        try await wait(for: "description of \(machine)") { try await $0.get("/v1/machines/\(machine)") }
    }

    func why(_ machine: String) async throws -> String { try await muster(["why", "machine", machine]) }

    /// A machine's boots with their timelines, newest first.
    func boots(of machine: String) async throws -> [Boot] {
        try await wait(for: "boots of \(machine)") { try await Self.boots(of: machine, $0) }
    }

    static func boots(of machine: String, _ client: ControlClient) async throws -> [Boot] {
        try await client.get("/v1/boots?name=\(machine)")
    }

    /// Waits until a boot is in a state.
    @discardableResult
    func boot(_ id: String, in state: String, within limit: Duration = .seconds(120)) async throws -> Boot {
        try await wait(for: "boot \(id) that is \(state)", within: limit) { client in
            try await client.get("/v1/boots", as: [Boot].self).first { $0.id == id && $0.state == state }
        }
    }

    /// Waits until a machine has shown a text since it was switched on.
    func screen(of number: Int, says text: String, within limit: Duration = .seconds(120)) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        while !screen(of: number).contains(text) {
            guard clock.now < deadline else {
                throw LabError("lab-\(number) did not say '\(text)' within \(limit): \(consoleEnd(of: number))")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// How often something of a kind happened to a machine or a profile.
    func count(of kind: String, _ subject: String) async throws -> Int {
        struct Event: Decodable { var kind, subject: String }
        let events = try JSONDecoder().decode(
            [Event].self,
            from: Data(try await muster(["get", "events", "--json"]).utf8)
        )
        return events.count { $0.kind == kind && $0.subject == subject }
    }

    /// Writes files beside each other and applies `resources.yml`.
    func apply(_ resources: String, definitions: [String: String] = [:]) async throws {
        let directory = data + "/resources"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        for (name, text) in definitions.merging(["resources.yml": resources], uniquingKeysWith: { $1 }) {
            try Data(text.utf8).write(to: URL(filePath: "\(directory)/\(name)"))
        }
        try await muster(["apply", "-f", directory + "/resources.yml"])
    }

    // MARK: The server's process

    /// Kills the server as a power cut would, and waits until the one that the lab starts instead of it answers.
    func killServer() async throws {
        let victim = try #require(try serverProcess(), "the lab has no server")
        #expect(kill(victim, SIGKILL) == 0)
        try await wait(for: "server after the one that was killed", within: .seconds(60)) { client in
            guard let next = try serverProcess(), next != victim else { return nil as Bool? }
            return try await client.readiness().isReady ? true : nil
        }
    }

    private func serverProcess() throws -> Int32? {
        let path = "\(data)/lab/muster.yml"
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
            guard let process = Int32(name), let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline")
            else {
                continue
            }
            let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            if words.contains("serve"), words.contains(path) { return process }
        }
        return nil
    }
}
