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
            command: [/bin/sh, -c, "echo life; echo x >> /lives; [ $(busybox wc -l < /lives) -gt 2 ] || exit 7; exec busybox sleep 1000"]
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

    /// What the server says to an agent that asks for orders: logs are read first, then the kernel is started again, and
    /// then it is the end. Of each log, what comes after a first part is told that nobody waits any more.
    private static func answer(to boot: String, _ heard: ReportListener.Heard, kexec: String) -> String? {
        if boot == "b2" {
            return heard.states(of: boot).contains("healthy") ? #"{"order": "poweroff", "id": 7}"# : nil
        }
        guard heard.states(of: "b1").contains("up") else { return nil }
        guard heard.parts.contains(where: { $0.request == 1 }) else {
            let logs = #""logs": [{"request": 1, "container": "crash", "follow": true}]"#
            return #"{"order": "none", "id": 0, \#(logs)}"#
        }
        guard heard.states(of: "b1").contains("healthy") else { return nil }
        guard Set(heard.parts.map(\.request)) == [1, 2, 3, 4] else {
            return """
                {"order": "none", "id": 0, "logs": [{"request": 2, "container": "told"},
                 {"request": 3, "container": "nobody"}, {"request": 4, "lines": 2}]}
                """
        }
        return kexec
    }

    @Test("onboot, services that crash, health, reports, logs, the same again by kexec, the way down")
    func life() async throws {
        let directory = try await LabHost.shared.dataDirectory(for: .bios)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let image = try await OwnImage.make(Self.definition, in: directory)
        let files = [
            "/kernel": try image.kernel, "/initrd": try image.initrd,
            "/segment": try OwnImage.segment(token: "token-of-b2"),
        ]
        let kexec = """
            {"order": "kexec", "id": 6, "boot": {"kernel": "/kernel", "initrd": ["/initrd", "/segment"],
             "cmdline": "\(try image.commandLine(boot: "b2"))"}}
            """
        let listener = try await ReportListener(files: files, parts: 1) { heard, boot in
            Self.answer(to: boot, heard, kexec: kexec)
        }
        let console = try await image.console(token: "token-of-b1", listener: listener)
        try await listener.stop()
        func says(_ text: String) -> Bool { console.contains(text) }
        let end = console.suffix(4000)

        #expect(says("told: onboot ran as 1"), "\(end)")
        #expect(says("muster: 001-told ended with status 3"), "\(end)")
        for boot in ["b1", "b2"] {
            let marker = "MUSTER-UP machine=own-1 mac=\(OwnImage.mac) boot=\(boot) image=0123456789ab\r\n"
            #expect(console.components(separatedBy: marker).count == 2, "\(end)")
        }
        #expect(says("muster: crash ended with status 7; it starts again in 1 s"), "\(end)")
        #expect(says("muster: crash ended with status 7; it starts again in 2 s"), "\(end)")
        #expect(says("muster: web is healthy"), "\(end)")
        #expect(says("muster: late is healthy"), "\(end)")
        #expect(says("muster: the server orders another kernel: the machine goes down"), "\(end)")
        #expect(says("muster: the server orders power off: the machine goes down"), "\(end)")
        #expect(console.components(separatedBy: "bye: goodbye").count == 3, "\(end)")
        #expect(says("reboot: Power down"), "\(end)")

        let heard = listener.heard
        let tokens = Set(heard.reports.map { "\($0.path) \($0.authorization)" })
        #expect(tokens == ["/boots/b1/report Bearer token-of-b1", "/boots/b2/report Bearer token-of-b2"])
        for boot in ["b1", "b2"] { #expect(heard.states(of: boot) == ["up", "healthy"], "\(end)") }
        let facts = try #require(heard.reports.first).facts
        #expect(facts["cpus"] as? Int == 1)
        #expect((facts["memory"] as? Int ?? 0) > 600 << 20)
        #expect((facts["nics"] as? [[String: Any]])?.first?["mac"] as? String == OwnImage.mac)
        #expect(facts["serial"] as? String == "E2E-1")
        #expect(facts["uuid"] as? String == "2c2e3c0a-6c1d-4c7e-9a42-5d8f6c0b7a11")
        #expect(facts["firmware"] as? String == "bios")
        #expect(facts["vendor"] as? String == "QEMU")
        #expect((facts["product"] as? String)?.hasPrefix("Standard PC") == true)

        // Three lives follow one another within three seconds; the answer is over before.
        #expect("life\nlife\nlife\n".hasPrefix(heard.text(of: 1)) && heard.outcome(of: 1) == "more")
        #expect(heard.parts.count { $0.request == 1 } == 2)
        #expect(heard.text(of: 2) == "onboot ran as 1\n" && heard.outcome(of: 2) == "end")
        let names = "init\n\(["dhcp", "told", "crash", "late", "web"].map { "\($0)\n" }.joined())"
        #expect(heard.text(of: 3) == names && heard.outcome(of: 3) == "unknown")
        // The last two of each, whatever they are by then.
        let last = heard.text(of: 4).split(separator: "\n").map { $0.prefix { $0 != ":" } }
        #expect(last.count { $0 == "init" } == 2 && 1...2 ~= last.count { $0 == "crash" }, "\(heard.text(of: 4))")
    }

    @Test("a check that never passes: up, never healthy; ordered to start again")
    func neverHealthy() async throws {
        let directory = try await LabHost.shared.dataDirectory(for: .bios)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let definition = """
            onboot: [{name: dhcp, image: "localhost/dhcp:once", net: host}]
            services:
              - name: sick
                image: "oci-archive:${images}/probe.tar"
                command: [/bin/sh, -c, "> /probes; exec busybox tail -f /probes"]
                muster: {restart: always, health: {command: [/bin/sh, -c, "echo probe >> /probes; exit 1"], interval: 1s}}
            """
        let image = try await OwnImage.make(definition, in: directory)
        // Its checks are seen by its log.
        let listener = try await ReportListener { heard, _ in
            guard heard.states(of: "b1").contains("up") else { return nil }
            // More than make a healthy service sick.
            if heard.text(of: 1).split(separator: "\n").count > 3 { return #"{"order": "reboot", "id": 1}"# }
            guard heard.parts.isEmpty else { return nil }
            return #"{"order": "none", "id": 0, "logs": [{"request": 1, "container": "sick", "follow": true}]}"#
        }
        let console = try await image.console(token: "token-of-b1", listener: listener)
        try await listener.stop()
        let end = console.suffix(2000)
        #expect(listener.heard.states(of: "b1") == ["up"], "\(end)")
        #expect(!console.contains("sick is healthy"))
        #expect(console.contains("muster: the server orders a reboot: the machine goes down"), "\(end)")
        #expect(console.contains("reboot: Restarting system"), "\(end)")
    }

    @Test("onFailure: halt stops the boot and says why; no other kernel, then power off")
    func halt() async throws {
        let directory = try await LabHost.shared.dataDirectory(for: .bios)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let definition = """
            onboot:
              - {name: dhcp, image: "localhost/dhcp:once", net: host}
              - name: disk
                image: "oci-archive:${images}/probe.tar"
                command: [/bin/sh, -c, "echo no disk is left >&2; exit 4"]
                muster: {onFailure: halt}
              - {name: next, image: "oci-archive:${images}/probe.tar", command: [/bin/busybox, echo, "not reached"]}
            services:
              - {name: web, image: "oci-archive:${images}/probe.tar", command: [/bin/busybox, echo, "nor this"]}
            """
        let image = try await OwnImage.make(definition, in: directory)
        let listener = try await ReportListener { heard, _ in
            guard heard.states(of: "b1").contains("failed") else { return nil }
            if heard.text(of: 1).contains("names none") { return #"{"order": "poweroff", "id": 2}"# }
            let logs = #""logs": [{"request": 1, "container": "init", "follow": true}]"#
            return #"{"order": "kexec", "id": 1, \#(logs)}"#
        }
        let console = try await image.console(token: "token-of-b1", listener: listener)
        try await listener.stop()
        let end = console.suffix(2000)
        let reason = "onboot 001-disk ended with status 4: no disk is left"
        #expect(console.contains("muster: the boot stops here: \(reason)"), "\(end)")
        #expect(listener.heard.states(of: "b1") == ["failed"], "\(end)")
        #expect(listener.reports.first { $0.state == "failed" }?.reason == reason)
        #expect(!console.contains("not reached") && !console.contains("nor this") && !console.contains("MUSTER-UP"))
        let kexec = "muster: the server orders another kernel, names none, and none is loaded: this one goes on"
        #expect(console.contains(kexec), "\(end)")
        #expect(console.contains("reboot: Power down"), "\(end)")
    }

    @Test(
        "a first process that does nothing any more is ended by the watchdog",
        .enabled(if: Self.isLong, "MUSTER_LONG=1 asks for it")
    )
    func watchdog() async throws {
        let directory = try await LabHost.shared.dataDirectory(for: .bios)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        // Frozen with the control group that it is put into; the container has the machine's.
        let freeze =
            "busybox mkdir /sys/fs/cgroup/ice; echo 1 > /sys/fs/cgroup/ice/cgroup.procs; echo frozen > /dev/console; "
            + "echo 1 > /sys/fs/cgroup/ice/cgroup.freeze"
        let definition = """
            onboot: [{name: dhcp, image: "localhost/dhcp:once", net: host}]
            services:
              - name: ice
                image: "oci-archive:${images}/probe.tar"
                command: [/bin/sh, -c, "\(freeze); exec busybox sleep 1000"]
                pid: host
                capabilities: [all]
                binds: ["/sys/fs/cgroup:/sys/fs/cgroup"]
                devices: [{path: /dev/console, type: c, major: 5, minor: 1, mode: "0600"}]
            """
        let image = try await OwnImage.make(definition, kernel: "generic", in: directory)
        let listener = try await ReportListener { _, _ in nil }
        let clock = ContinuousClock()
        let began = clock.now
        let console = try await image.console(
            token: "token-of-b1",
            listener: listener,
            hardware: ["-device", "i6300esb"]
        )
        try await listener.stop()
        let end = console.suffix(2000)
        #expect(console.contains("frozen") && !console.contains("reboot: "), "\(end)")
        // Nothing else ends the machine before the time that it is given has passed.
        #expect(clock.now - began < .seconds(250), "\(end)")
    }

    @Test(
        "services under containerd: crashes, logs, health, orders",
        .enabled(if: Self.isLong, "MUSTER_LONG=1 asks for it")
    )
    func containerd() async throws {
        let directory = try await LabHost.shared.dataDirectory(for: .bios)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let definition = Self.definition
        let image = try await OwnImage.make(definition, programs: ["containerd"], in: directory)
        let listener = try await ReportListener { heard, _ in
            guard heard.states(of: "b1").contains("healthy") else { return nil }
            if heard.outcome(of: 1) == "end" { return #"{"order": "poweroff", "id": 7}"# }
            return #"{"order": "none", "id": 0, "logs": [{"request": 1, "container": "crash"}]}"#
        }
        let console = try await image.console(token: "token-of-b1", listener: listener)
        try await listener.stop()
        let end = console.suffix(2000)
        #expect(listener.heard.states(of: "b1") == ["up", "healthy"], "\(end)")
        #expect(console.contains("muster: crash ended with status 7; it starts again in 1 s"), "\(end)")
        #expect(console.contains("muster: crash ended with status 7; it starts again in 2 s"), "\(end)")
        #expect(console.contains("muster: late is healthy"), "\(end)")
        #expect(listener.heard.text(of: 1) == "life\nlife\nlife\n", "\(end)")
        #expect(console.contains("bye: goodbye") && console.contains("reboot: Power down"), "\(end)")
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
        #expect(listener.heard.states(of: "b1") == ["up", "healthy"], "\(end)")
        #expect(console.contains("reboot: Power down"), "\(end)")
    }

    private static let isLong = ProcessInfo.processInfo.environment["MUSTER_LONG"] == "1"
}
