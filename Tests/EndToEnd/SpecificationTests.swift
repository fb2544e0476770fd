import Foundation
import Testing

@testable import muster

/// What LinuxKit's definitions ask for, under our own init: each container looks for itself, and the first that misses
/// something stops the boot.
@Suite("LinuxKit's containers under our own init")
struct SpecificationTests {
    /// The shell ends at the first line that is not so.
    private static let definition = """
        onboot:
          - {name: dhcp, image: "localhost/dhcp:once", net: host}
          - name: process
            image: "oci-archive:${images}/probe.tar"
            env: ["COLOUR=blue green", "PATH=/bin"]
            cwd: /bin
            uid: 1000
            gid: 1001
            additionalGids: [7]
            rlimits: ["nofile,100,200"]
            oomScoreAdj: 10
            noNewPrivileges: true
            command:
              - /bin/sh
              - -exc
              - |
                test "$COLOUR" = "blue green"; test "$(busybox pwd)" = /bin
                test "$(busybox id -u):$(busybox id -g)" = 1000:1001; busybox id -G | busybox grep -qw 7
                test "$(ulimit -Sn):$(ulimit -Hn)" = 100:200; test "$(busybox cat /proc/self/oom_score_adj)" = 10
                busybox grep -q "NoNewPrivs:.1" /proc/self/status
                busybox grep -q "CapEff:.0000000000000000" /proc/self/status
                test "$$" = 1
            muster: {onFailure: halt}
          - name: capabilities
            image: "oci-archive:${images}/probe.tar"
            capabilities: [CAP_NET_ADMIN, CAP_SYS_ADMIN]
            pid: host
            uts: new
            hostname: inner
            command:
              - /bin/sh
              - -exc
              - |
                busybox grep -q "CapEff:.0000000000201000" /proc/self/status
                test "$(busybox cat /proc/1/comm)" = init; test "$(busybox hostname)" = inner
                busybox hostname outer
            muster: {onFailure: halt}
          - name: files
            image: "oci-archive:${images}/probe.tar"
            readonly: true
            tmpfs: ["/scratch:size=1m,mode=0751"]
            binds: ["/etc/greeting:/greeting:ro", "/var/shared:/shared", "store:/data", "/var/cramped:/cramped"]
            devices: [{path: /dev/zero2, type: c, major: 1, minor: 5, mode: "0666"}]
            maskedPaths: [/proc/kcore]
            runtime:
              mkdir: [/var/shared]
              mounts: [{type: tmpfs, source: tmpfs, destination: /var/cramped, options: ["size=1m"]}]
              cgroups: [reserved]
            command:
              - /bin/sh
              - -exc
              - |
                test "$(busybox cat /greeting)" = "from outside"
                echo x > /greeting && exit 9
                echo x > /file && exit 9
                test "$(busybox stat -c %a /scratch)" = 751; echo x > /scratch/x
                test "$(busybox df -m /cramped | busybox awk 'END {print $2}')" = 1
                test "$(busybox head -c 4 /dev/zero2 | busybox wc -c)" = 4
                test "$(busybox wc -c < /proc/kcore)" = 0
                echo kept > /data/file; echo told > /shared/file
            muster: {onFailure: halt}
          - name: network
            image: "oci-archive:${images}/probe.tar"
            net: new
            capabilities: [CAP_NET_ADMIN]
            runtime:
              interfaces: [{name: inside, peer: outside, createInRoot: true}]
              bindNS: {net: /run/netns/inner}
            command:
              - /bin/sh
              - -exc
              - |
                busybox ip link show inside; busybox ip link show outside && exit 9
                busybox ip link set lo up; busybox ip address add 192.0.2.2/24 dev inside; busybox ip link set inside up
            muster: {onFailure: halt}
          - name: outside
            image: "oci-archive:${images}/probe.tar"
            net: host
            uts: host
            capabilities: [CAP_NET_ADMIN, CAP_NET_RAW]
            binds: ["/sys/fs/cgroup:/groups:ro", "store:/data", "/var/shared:/shared"]
            command:
              - /bin/sh
              - -exc
              - |
                test "$(busybox hostname)" = own-1; test -d /groups/reserved
                test "$(busybox cat /data/file /shared/file)" = "$(echo kept; echo told)"
                busybox ip address add 192.0.2.1/24 dev outside; busybox ip link set outside up
            muster: {onFailure: halt}
        services:
          - name: inner
            image: "oci-archive:${images}/probe.tar"
            net: /run/netns/inner
            command: [/bin/sh, -c, "busybox mkdir /www; echo within > /www/page; exec busybox httpd -f -p 80 -h /www"]
            capabilities: [CAP_NET_BIND_SERVICE]
            muster: {restart: always, health: {http: "http://192.0.2.2/page", interval: 1s}}
        volumes:
          - {name: store}
        files:
          - {path: etc/greeting, contents: "from outside\\n", mode: "0644"}
        """

    @Test("processes, capabilities, mounts, devices, volumes, networks and namespaces are what the definition says")
    func specifications() async throws {
        let directory = try await LabHost.shared.dataDirectory(for: .bios)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let image = try await OwnImage.make(Self.definition, in: directory)
        let listener = try await ReportListener { heard, _ in
            let states = heard.states(of: "b1")
            let isOver = states.contains("healthy") || states.contains("failed")
            return isOver ? #"{"order": "poweroff", "id": 1}"# : nil
        }
        let console = try await image.console(token: "token-of-b1", listener: listener)
        try await listener.stop()
        let end = console.suffix(4000)
        #expect(listener.heard.states(of: "b1") == ["up", "healthy"], "\(end)")
        #expect(listener.reports.allSatisfy { $0.reason.isEmpty }, "\(listener.reports.map(\.reason))")
        #expect(console.contains("reboot: Power down"), "\(end)")
    }
}
