import Testing

@testable import muster

/// `kill -9` at the three worst moments of one boot.
@Suite("The server is killed")
struct KilledServerTests {
    private static let definition =
        AgentImages.base + """
            services:
              - name: web
                image: \(SiteImages.silentRegistry)/probe:1
                command: [/bin/busybox, sleep, "10000"]
                muster: {restart: always}
            """

    @Test("while it builds, between script and kernel, between kernel and up: the machine ends healthy, in one boot")
    func killed() async throws {
        try await RunningLab.with(.bios, arguments: ["--machines", "0"], images: .agent) { lab in
            try await lab.apply(Self.resources, definitions: ["site.yml": Self.definition])
            let machine = try await LabMachine(1, in: lab, memory: AgentImages.memory)
            try await machine.limit(megabits: 20)
            let boot = try await machine.whileOn {
                try await lab.screen(of: 1, says: "is being built")
                #expect(try await lab.why("lab-1").contains("is being built"))
                try await lab.killServer()
                #expect(try await lab.boots().isEmpty)

                let opened = try await lab.wait(for: "boot of lab-1") {
                    try await RunningLab.boots(of: "lab-1", $0).first
                }
                try await lab.killServer()
                let stages = try await lab.boots(of: "lab-1").first?.timeline.map(\.stage) ?? []
                #expect(stages.contains("script") && !stages.contains("kernel"), "\(stages)")
                try await machine.limit(megabits: nil)

                try await lab.wait(for: "boot of lab-1 with everything fetched") { client in
                    let boot = try await RunningLab.boots(of: "lab-1", client).first
                    #expect(boot?.id == opened.id)
                    return boot?.state == "fetched" ? true : nil
                }
                try await lab.killServer()
                return try await lab.boot(opened.id, in: "healthy")
            }
            let description = try await lab.describe("lab-1")
            #expect(try await lab.boots().map(\.id) == [boot.id], "one power-on is one boot")
            #expect(description.images.triesLeft == 1, "one of two tries is spent")
            #expect(description.images.lastGood == boot.image)
            #expect(try await lab.count(of: "release.created", "site") == 1)
            #expect(try await lab.count(of: "boot.healthy", "lab-1") == 1)
            let stages = boot.timeline.map(\.stage)
            for stage in ["script", "kernel", "initrd", "segment", "up", "healthy"] {
                #expect(stages.count { $0 == stage } == 1, "\(stages)")
            }
        }
    }

    private static let resources = """
        kind: Profile
        name: site
        image: site.yml
        adopt: nextBoot
        rollout: { tries: 2 }
        ---
        kind: Machine
        name: lab-1
        macs: ["52:54:00:77:00:01"]
        profile: site

        """
}
