import Control
import Foundation
import Simulator
import Testing
import Vocabulary

/// What `muster simulate` says, and what the server says of the same machines.
@Suite("A storm of simulated machines", .blocking, .serialized, .needsRoot)
struct StormTests {
    private static let machines = 200

    @Test("200 machines with every fault: all that can are healthy, by their word and by the server's")
    func faults() throws {
        let server = try FaultServer()
        try server.network.makeRouter()
        try server.muster(["simulate", "--prepare", "--machines", "\(Self.machines)"])
        let report = try Self.report(
            of: begin(server, ["--flaky", "5%", "--dead-nics", "2%", "--slow-links", "2%", "--seed", "7"])
        )
        #expect(report.counts.deadNICs > 0 && report.counts.deaths > 0, "the faults were there")
        #expect(report.lost == 0 && report.counts.wrongDigests == 0)
        #expect(report.healthy == Self.machines - report.counts.deadNICs)
        #expect(report.phases[.boot]?.count == report.healthy)
        #expect(report.counts.boots == Self.machines + report.counts.deaths + report.counts.failures)
        try agree(server, healthy: report.healthy)
    }

    @Test("A server that is killed in the middle loses nobody, and everybody keeps the address that it had")
    func killed() throws {
        let server = try FaultServer()
        try server.network.makeRouter()
        try server.muster(["simulate", "--prepare", "--machines", "\(Self.machines)"])
        #expect(try Self.report(of: begin(server, [])).lost == 0)
        let before = try addresses(server)
        let storm = try begin(server, [])
        let asked = try server.metric(Self.requests)
        try server.eventually("some machines boot") { try server.metric(Self.requests) > asked + 50 }
        server.kill()
        try server.start()
        let report = try Self.report(of: storm)
        #expect(report.lost == 0 && report.counts.wrongDigests == 0)
        try agree(server, healthy: Self.machines)
        #expect(try addresses(server) == before)
    }

    private static let requests = "muster_tftp_requests_total"

    private struct Storm {
        var process: Process
        var output: Pipe
    }

    private func begin(_ server: FaultServer, _ more: [String]) throws -> Storm {
        let storm = Storm(process: Process(), output: Pipe())
        let command = [
            try ExecutableUnderTest.path, "simulate", "--machines", "\(Self.machines)", "--over", "1", "--json",
            "--address", "\(FaultNetwork.server)", "--relay", "10.78.0.1", "--data", server.data,
        ]
        storm.process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        storm.process.arguments = FaultNetwork.commandLine(server.network.clientSide, command + more)
        storm.process.standardInput = FileHandle.nullDevice
        storm.process.standardOutput = storm.output
        try storm.process.run()
        return storm
    }

    private static func report(of storm: Storm) throws -> SimulationReport {
        let output = try storm.output.fileHandleForReading.readToEnd() ?? Data()
        storm.process.waitUntilExit()
        return try JSONDecoder().decode(SimulationReport.self, from: output)
    }

    /// The server knows as many healthy machines.
    private func agree(_ server: FaultServer, healthy: Int) throws {
        let output = try server.muster(["get", "machines", "-o", "json"]).output
        let machines = try ControlJSON.decoder.decode([MachineView].self, from: Data(output.utf8))
        let simulated = machines.filter { $0.name.hasPrefix("sim-") }
        #expect(simulated.count == Self.machines)
        #expect(simulated.count { $0.images.lastGood != nil } == healthy)
        #expect(!server.logText.contains("wrong token"))
    }

    private func addresses(_ server: FaultServer) throws -> [MACAddress: IPv4Address] {
        let output = try server.muster(["get", "leases", "-o", "json"]).output
        let leases = try ControlJSON.decoder.decode([LeaseView].self, from: Data(output.utf8))
        return Dictionary(leases.map { ($0.mac, $0.address) }) { $1 }
    }
}
