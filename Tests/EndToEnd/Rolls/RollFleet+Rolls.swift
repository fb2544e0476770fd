import Build
import Foundation
import Testing

@testable import muster

/// What a test does to the fleet, and sees of it.
extension RollFleet {
    /// Where a machine stands, as the API has it.
    struct Standing: Decodable, Sendable {
        struct Images: Decodable, Sendable { var desired, assigned, lastGood: String? }
        struct Boot: Decodable, Sendable { var id, image, state: String }
        var name: String
        var images: Images
        var boot: Boot?

        func isHealthy(on image: String) -> Bool {
            boot?.state == "healthy" && boot?.image == image && images.lastGood == image
        }
    }

    /// A roll, as the API has it.
    struct Roll: Decodable, Sendable {
        struct Counts: Decodable, Sendable { var waiting, inTrial, done, failed, skipped: Int }
        struct Member: Decodable, Sendable { var machine, phase: String }
        var id: Int
        var state: String
        var reason: String?
        var rollbackOf: Int?
        var counts: Counts
        var machines: [Member]?

        var isOver: Bool { ["done", "aborted", "rolledBack"].contains(state) }
        func names(in phase: String) -> [String] { (machines ?? []).filter { $0.phase == phase }.map(\.machine) }
    }

    static func standings(_ client: ControlClient) async throws -> [Standing] { try await client.get("/v1/machines") }

    /// The newest roll, with its machines.
    static func roll(_ client: ControlClient) async throws -> Roll? {
        guard let newest = try await client.get("/v1/rollouts", as: [Roll].self).first else { return nil }
        return try await client.get("/v1/rollouts/\(newest.id)")
    }

    /// Switches all of them on, and waits until they are healthy on the only release that there is.
    /// - Returns: its image.
    func boot() async throws -> String {
        let isReached = { (machine: SwitchedMachine) in access == .controllers && machine.controller != .none }
        for machine in machines where !isReached(machine) { try await machine.tell("on") }
        let reached = machines.filter(isReached).map(\.name)
        if !reached.isEmpty { try await lab.muster(["power", "on"] + reached) }
        return try await lab.wait(for: "six machines that are healthy", within: .seconds(300)) { client in
            let standings = try await Self.standings(client)
            guard let image = standings.first?.boot?.image, standings.count == Self.size,
                standings.allSatisfy({ $0.isHealthy(on: image) })
            else { return nil }
            return image
        }
    }

    /// Waits until all of them, or some, are healthy on one image.
    func healthy(on image: String, _ names: [String]? = nil, within limit: Duration = .seconds(120)) async throws {
        let names = names ?? machines.map(\.name)
        try await lab.wait(for: "\(names) that are healthy on \(image)", within: limit) { client in
            let standings = try await Self.standings(client).filter { names.contains($0.name) }
            return standings.allSatisfy { $0.isHealthy(on: image) } ? true : nil
        }
    }

    /// The image of a profile's newest release.
    func newestImage() async throws -> String {
        struct Release: Decodable {
            var number: Int
            var images: [String: String]
        }
        let releases = try JSONDecoder().decode(
            [Release].self,
            from: Data(try await lab.muster(["get", "releases", "--json"]).utf8)
        )
        return try #require(releases.max { $0.number < $1.number }?.images["amd64"])
    }

    /// Waits for something of the newest roll.
    @discardableResult
    func roll(
        _ what: String,
        within limit: Duration = .seconds(600),
        _ condition: (Roll) -> Bool
    ) async throws -> Roll {
        try await lab.wait(for: "roll that \(what)", within: limit) { client in
            guard let roll = try await Self.roll(client) else { return nil }
            if condition(roll) { return roll }
            if roll.isOver || roll.state == "held" {
                throw LabError("the roll is \(roll.state) before it \(what): \(roll)")
            }
            return nil
        }
    }

    /// Runs `muster` to its end.
    /// - Returns: its exit status and what it wrote to standard output.
    func run(_ arguments: [String]) async throws -> (status: Int32, output: String) {
        // The status is the last line.
        let script = #""$@"; echo $?"#
        let output = try await HostProgram.run(
            "sh",
            ["-c", script, "sh", LabHost.executable] + arguments + ["--data", lab.data + "/lab"]
        )
        let lines = output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        return (Int32(lines.last ?? "") ?? -1, lines.dropLast().joined(separator: "\n"))
    }
}
