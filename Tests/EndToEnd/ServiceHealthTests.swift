import Testing

@testable import muster

/// What the server makes of services that do badly.
@Suite("Services and the health of their machine")
struct ServiceHealthTests {
    /// In its first life the service stops being healthy, and then crashes.
    private static let crashing = """
        services:
          - name: web
            image: localhost/e2e-probe
            command:
              - /bin/sh
              - -c
              - |
                echo x >> /lives
                busybox mkdir -p /www
                echo ok > /www/ready
                [ $(busybox wc -l < /lives) = 1 ] || exec busybox httpd -f -p 8080 -h /www
                busybox httpd -p 8080 -h /www
                busybox sleep 3
                busybox rm /www/ready
                busybox sleep 6
                exit 7
            muster: {restart: on-failure, health: {http: "http://:8080/ready", interval: 1s}}
        """
    private static let never = """
        services:
          - name: web
            image: localhost/e2e-probe
            command:
              - /bin/sh
              - -c
              - |
                echo > /checks
                until [ $(busybox wc -l < /checks) -gt 3 ]; do busybox sleep 1; done
                exit 9
            muster:
              restart: always
              health: {command: [/bin/sh, -c, "echo >> /checks; exit 1"], interval: 1s}
        """

    @Test("one that crashes and starts again; one that is never healthy, which proves nothing")
    func health() async throws {
        try await RunningLab.with(.bios, arguments: ["--machines", "0"], images: .agent) { lab in
            try await lab.apply(Self.resources, definitions: ["site.yml": AgentImages.base + Self.crashing])
            let machine = try await LabMachine(1, in: lab, memory: AgentImages.memory)
            let good = try await machine.whileOn {
                let marker = try await lab.marker()
                try await lab.boot(marker.boot, in: "healthy")
                let why = try await lab.wait(for: "ailment in why") { client in
                    let because = try await client.why("lab-1").because.joined(separator: "\n")
                    return because.contains("it was healthy and is not any more: web is sick") ? because : nil
                }
                #expect(why.contains("the machine was healthy on it"), "an ailment takes no proof away")
                return try await lab.wait(for: "second time that it is healthy") { client in
                    let boot = try await RunningLab.boots(of: "lab-1", client).first
                    let stages = boot?.timeline.map(\.stage).drop { $0 != "up" } ?? []
                    return Array(stages) == ["up", "healthy", "failed", "healthy"] ? boot : nil
                }
            }
            #expect(lab.screen(of: 1).contains("muster: web ended with status 7; it starts again in 1 s"))
            #expect(try await !lab.why("lab-1").contains("not any more"))
            #expect(try await lab.boots().count == 1, "a service's crash is no boot")

            try await lab.apply(Self.resources, definitions: ["site.yml": AgentImages.base + Self.never])
            try await machine.whileOn {
                let marker = try await lab.marker()
                #expect(marker.boot != good.id)
                let boot = try await lab.boot(marker.boot, in: "up")
                let why = try await lab.why("lab-1")
                #expect(why.contains("is up; its health checks have not passed yet"), "\(why)")
                let description = try await lab.describe("lab-1")
                #expect(description.images.lastGood == good.image && boot.image != good.image)
                // It was asked three times, and is never believed.
                try await lab.screen(of: 1, says: "muster: web ended with status 9")
                #expect(try await lab.boots(of: "lab-1").first?.state == "up")
            }
            #expect(try await lab.describe("lab-1").images.lastGood == good.image)
        }
    }

    private static let resources = """
        kind: Profile
        name: site
        image: site.yml
        adopt: nextBoot
        ---
        kind: Machine
        name: lab-1
        macs: ["52:54:00:77:00:01"]
        profile: site

        """
}
