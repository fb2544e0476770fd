import Build
import Foundation
import Testing
import Vocabulary

@testable import muster

/// What `make run` shows: base images out of Debian packages, an image that is built because a machine asks for it, a
/// machine whose agent says that it is healthy, and its service answering.
@Suite("The hello example, from recipes to a page")
struct HelloTests {
    @Test("built on demand, healthy, and serving")
    func hello() async throws {
        let arguments = ["--image", "boot/examples/hello/hello.yml", "--recipes", "boot/images"]
        try await RunningLab.with(.bios, arguments: arguments) { lab in
            let marker = try await lab.marker(within: .seconds(300))
            let boot = try await lab.boot(marker.boot, in: "healthy", within: .seconds(120))
            #expect(boot.machine == "lab-1")
            #expect(Digest(boot.image)?.short == marker.image)
            let stages = boot.timeline.map(\.stage)
            for stage in ["dhcp", "loader", "script", "kernel", "initrd", "segment", "up", "healthy"] {
                #expect(stages.contains(stage), "the timeline has \(stages)")
            }
            let screen = String(
                decoding: FileManager.default.contents(atPath: lab.console(of: 1)) ?? Data(),
                as: UTF8.self
            )
            #expect(screen.contains("The image of the profile hello (amd64) is being built"))

            let leases = try await lab.muster(["get", "leases", "-o", "json"])
            let lease = try #require(
                try JSONDecoder().decode([Lease].self, from: Data(leases.utf8)).first { $0.machine == "lab-1" }
            )
            let process = try #require(try LabState.running(in: lab.data + "/lab")).process
            let page = try await HostProgram.run(
                "nsenter",
                [
                    "--net", "--target", "\(process)",
                    "curl", "--silent", "--show-error", "--max-time", "10", "http://\(lease.address)/",
                ]
            )
            #expect(page.contains("Hello from the network."))
            #expect(try await lab.muster(["why", "machine", "lab-1"]).contains("the machine was healthy on it"))
        }
    }

    private struct Lease: Decodable {
        var machine: String?
        var address: String
    }
}

extension RunningLab {
    /// Waits until a boot is in a state.
    func boot(_ id: String, in state: String, within limit: Duration) async throws -> Boot {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        while clock.now < deadline {
            if let boot = try await boots().first(where: { $0.id == id }), boot.state == state { return boot }
            try await Task.sleep(for: .milliseconds(200))
        }
        throw LabError("the boot \(id) was not \(state) after \(limit): \(try await boots())")
    }
}
