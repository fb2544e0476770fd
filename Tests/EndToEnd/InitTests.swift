import Foundation
import Testing

@testable import muster

/// Our own init, from the kernel to switched off.
@Suite("A machine under our own init")
struct InitTests {
    /// `crash` fails twice and then stays; `late` waits for what answers HTTP.
    private static let definition = """
        onboot:
          - {name: dhcp, image: "localhost/dhcp:once", net: host}
          - name: told
            image: "oci-archive:${images}/probe.tar"
            command: [/bin/sh, -c, "echo onboot ran as $$; exit 3"]
        services:
          - name: web
            image: "oci-archive:${images}/probe.tar"
            command: [/bin/sh, -c, "busybox mkdir /www; echo hello > /www/ready; exec busybox httpd -f -p 8080 -h /www"]
            capabilities: [CAP_NET_BIND_SERVICE]
            muster: {restart: always, health: {http: "http://:8080/ready", interval: 1s}}
          - name: crash
            image: "oci-archive:${images}/probe.tar"
            command: [/bin/sh, -c, "echo x >> /lives; [ $(busybox wc -l < /lives) -gt 2 ] || exit 7; exec busybox sleep 1000"]
            muster: {restart: on-failure}
          - name: late
            image: "oci-archive:${images}/probe.tar"
            command: [/bin/busybox, sleep, "1000"]
            readonly: true
            muster: {restart: always, after: [web], health: {command: [/bin/busybox, "true"]}}
        onshutdown:
          - name: bye
            image: "oci-archive:${images}/probe.tar"
            command: [/bin/busybox, echo, goodbye]
        """

    @Test("onboot, services that crash, health, reports, an order, the way down")
    func life() async throws {
        let directory = try await LabHost.shared.dataDirectory(for: .bios)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let image = try await OwnImage.make(Self.definition, in: directory)
        let listener = try await ReportListener(until: "healthy")
        let console = try await image.console(token: "token-of-b1", listener: listener)
        try await listener.stop()
        func says(_ text: String) -> Bool { console.contains(text) }
        let end = console.suffix(2000)

        #expect(says("told: onboot ran as 1"), "\(end)")
        #expect(says("muster: 001-told ended with status 3"), "\(end)")
        let marker = "MUSTER-UP machine=own-1 mac=\(OwnImage.mac) boot=b1 image=0123456789ab\r\n"
        #expect(console.components(separatedBy: marker).count == 2, "\(end)")
        #expect(says("muster: crash ended with status 7; it starts again in 1 s"), "\(end)")
        #expect(says("muster: crash ended with status 7; it starts again in 2 s"), "\(end)")
        #expect(says("muster: web is healthy"), "\(end)")
        #expect(says("muster: late is healthy"), "\(end)")
        #expect(says("muster: the server orders power off: the machine goes down"), "\(end)")
        #expect(says("bye: goodbye"), "\(end)")
        #expect(says("reboot: Power down"), "\(end)")

        let reports = listener.reports
        #expect(Set(reports.map(\.path)) == ["/boots/b1/report"])
        #expect(Set(reports.map(\.authorization)) == ["Bearer token-of-b1"])
        #expect(reports.map(\.state).filter { $0 != "alive" } == ["up", "healthy"], "\(end)")
        let facts = try #require(reports.first).facts
        #expect(facts["cpus"] as? Int == 1)
        #expect((facts["memory"] as? Int ?? 0) > 600 << 20)
        #expect((facts["nics"] as? [[String: Any]])?.first?["mac"] as? String == OwnImage.mac)
        #expect(facts["serial"] as? String == "E2E-1")
        #expect(facts["uuid"] as? String == "2c2e3c0a-6c1d-4c7e-9a42-5d8f6c0b7a11")
        #expect(facts["firmware"] as? String == "bios")
    }

    @Test("arm64, onto the network and off again", .enabled(if: Self.isLong, "MUSTER_LONG=1 asks for it"))
    func arm64() async throws {
        let directory = try await LabHost.shared.dataDirectory(for: .arm64)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let definition = #"onboot: [{name: dhcp, image: "localhost/dhcp:once", net: host}]"#
        let image = try await OwnImage.make(definition, .arm64, in: directory)
        let listener = try await ReportListener(until: "healthy")
        let console = try await image.console(token: "token-of-b1", listener: listener)
        try await listener.stop()
        let end = console.suffix(2000)
        let marker = "MUSTER-UP machine=own-1 mac=\(OwnImage.mac) boot=b1 image=0123456789ab\r\n"
        #expect(console.components(separatedBy: marker).count == 2, "\(end)")
        #expect(listener.reports.map(\.state).filter { $0 != "alive" } == ["up", "healthy"], "\(end)")
        #expect(console.contains("reboot: Power down"), "\(end)")
    }

    private static let isLong = ProcessInfo.processInfo.environment["MUSTER_LONG"] == "1"
}
