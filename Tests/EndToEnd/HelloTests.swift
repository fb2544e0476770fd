import Build
import Foundation
import Testing
import Vocabulary

@testable import muster

/// What `make run` shows: base images out of Debian packages, an image that is built because a machine asks for it, a
/// machine whose agent says that it is healthy, and its service answering.
@Suite("The hello example, from recipes to a page")
struct HelloTests {
    @Test("built on demand, healthy, and serving", arguments: [.bios] + (LabHost.isLong ? [LabFirmware.arm64] : []))
    func hello(firmware: LabFirmware) async throws {
        let arguments = ["--image", "boot/examples/hello/hello.yml", "--recipes", "boot/images"]
        try await RunningLab.with(firmware, arguments: arguments) { lab in
            let marker = try await lab.marker(within: .seconds(300))
            let boot = try await lab.boot(marker.boot, in: "healthy", within: .seconds(120))
            #expect(boot.machine == "lab-1")
            #expect(Digest(boot.image)?.short == marker.image)
            let stages = boot.timeline.map(\.stage)
            for stage in ["dhcp", "loader", "script", "kernel", "initrd", "segment", "up", "healthy"] {
                #expect(stages.contains(stage), "the timeline has \(stages)")
            }
            let screen = lab.screen(of: 1)
            #expect(screen.contains("The image of the profile hello (\(firmware.architecture)) is being built"))

            let page = try await Self.page(of: lab)
            #expect(page.contains("Hello from the network."))
            let own = try await lab.muster(["logs", "lab-1", "web", "--lines", "1"])
            #expect(own.contains("[notice]") && own.split(separator: "\n").count == 1, "\(own)")
            let said = try await lab.muster(["logs", "lab-1", "init"])
            #expect(said.contains("web is healthy\n"), "\(said)")
            let all = try await lab.muster(["logs", "lab-1"])
            #expect(all.contains("\ninit: web is healthy\n") && all.contains("web: "), "\(all)")
            let unknown = await #expect(throws: (any Error).self) { try await lab.muster(["logs", "lab-1", "wbe"]) }
            #expect("\(unknown, default: "")".contains("lab-1 has no container 'wbe'; it has init, dhcp, web"))
            try await followLogs(lab)
            #expect(try await lab.muster(["why", "machine", "lab-1"]).contains("the machine was healthy on it"))
        }
    }

    @Test("the same with containerd, and its logs", .enabled(if: LabHost.isLong, "MUSTER_LONG=1 asks for it"))
    func containerd() async throws {
        let arguments = ["--image", "boot/examples/hello/hello-containerd.yml", "--recipes", "boot/images"]
        try await RunningLab.with(.bios, arguments: arguments) { lab in
            let marker = try await lab.marker(within: .seconds(400))
            _ = try await lab.boot(marker.boot, in: "healthy", within: .seconds(120))
            #expect(try await Self.page(of: lab).contains("<title>It runs</title>"))
            let own = try await lab.muster(["logs", "lab-1", "web"])
            #expect(own.contains("[notice]"), "\(own)")
        }
    }

    /// What the first machine serves.
    private static func page(of lab: RunningLab) async throws -> String {
        let leases = try await lab.muster(["get", "leases", "-o", "json"])
        let lease = try #require(
            try JSONDecoder().decode([Lease].self, from: Data(leases.utf8)).first { $0.machine == "lab-1" }
        )
        return try await lab.runInside([
            "curl", "--silent", "--show-error", "--max-time", "10", "http://\(lease.address)/",
        ])
    }

    /// Who follows sees lines as they come, and leaves nothing behind.
    private func followLogs(_ lab: RunningLab) async throws {
        func openLogs() async throws -> String? {
            let arguments = ["--silent", "--unix-socket", "\(lab.data)/lab/muster.sock", "http://muster/metrics"]
            let page = try await HostProgram.run("curl", arguments)
            return page.split(separator: "\n").first { $0.hasPrefix("muster_logs_open ") }?.split(separator: " ").last
                .map(String.init)
        }
        let following = Task {
            try await HostProgram.run(
                "timeout",
                [
                    "--signal=INT", "3", LabHost.executable, "logs", "lab-1", "-f", "-n", "1", "--data",
                    "\(lab.data)/lab",
                ],
                accepting: [124, 130]
            )
        }
        #expect(try await holds(within: .seconds(20)) { try await openLogs() == "1" })
        #expect(try await following.value.contains("init: "))
        #expect(try await holds(within: .seconds(20)) { try await openLogs() == "0" })
    }

    private func holds(within limit: Duration, _ condition: () async throws -> Bool) async throws -> Bool {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        while clock.now < deadline {
            if try await condition() { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    private struct Lease: Decodable {
        var machine: String?
        var address: String
    }
}
