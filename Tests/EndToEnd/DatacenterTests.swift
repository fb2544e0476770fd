import Build
import Foundation
import Testing
import Vocabulary

@testable import muster

/// `boot/examples/datacenter`, as it is there but for the adapters of real machines: a server and a client, built because
/// they ask, and what runs on them asked from the network that they are in.
@Suite("The datacenter example", .enabled(if: Datacenter.isAsked, "MUSTER_LONG=1 asks for it"))
struct DatacenterTests {
    @Test("a server and a client out of recipes, with the operator's own scheduler")
    func serverAndClient() async throws {
        try await RunningLab.with(.bios) { lab in
            let datacenter = try await Datacenter.prepare(in: lab)
            try await datacenter.withMachines { server, client in
                try await datacenter.expectNamesAndKeys(on: server)
                try await datacenter.expectServices(of: server)
                try await datacenter.expectScheduler(on: server, saying: "server {")
                try await datacenter.expectScheduler(on: client, saying: "client {")
                try await datacenter.expectContainers(on: client)
            }
        }
    }
}

/// The example in a lab: its resources applied, its machines, and what may be asked of them.
private struct Datacenter: Sendable {
    static let isAsked = ProcessInfo.processInfo.environment["MUSTER_LONG"] == "1"

    private let lab: RunningLab
    /// The lab's, whose network namespace everything is asked from.
    private let process: Int32
    /// Where the example's copy, the keys and the operator's archive lie.
    private let scratch: String
    private let began = ContinuousClock.now

    private static let recipes = [
        "kernel:cloud", "init", "runc", "ca-certificates", "sysctl", "dhcp", "format", "mount", "ntp", "getty", "sshd",
        "node-exporter", "unbound", "etcd", "docker",
    ]

    struct Machine: Sendable {
        var name: String
        var address: String
    }

    /// Makes the base images, a key that is let in, and the operator's image, and applies the example.
    static func prepare(in lab: RunningLab) async throws -> Datacenter {
        let process = try #require(try LabState.running(in: lab.data + "/lab")).process
        let datacenter = Datacenter(lab: lab, process: process, scratch: lab.data + "/datacenter")
        try await lab.muster(["pkg", "build"] + recipes.map { "boot/images/\($0)" })
        datacenter.note("base images are made")
        try FileManager.default.copyItem(atPath: "boot/examples/datacenter", toPath: datacenter.scratch)
        try await datacenter.makeKeys()
        try await datacenter.makeScheduler()
        try await datacenter.apply()
        return datacenter
    }

    private func makeKeys() async throws {
        for name in ["key", "other"] {
            try await HostProgram.run(
                "ssh-keygen",
                ["-q", "-t", "ed25519", "-N", "", "-C", "operator", "-f", "\(scratch)/\(name)"]
            )
        }
    }

    private var publicKey: String {
        get throws {
            try String(contentsOfFile: scratch + "/key.pub", encoding: .utf8).trimmingCharacters(in: .newlines)
        }
    }

    /// Stands in for Nomad, which Debian does not have: it shows at its port what it was started with.
    private func makeScheduler() async throws {
        let root = scratch + "/scheduler"
        let program = """
            #!/bin/sh
            busybox mkdir -p /www
            { echo "nomad $*"; busybox cat /etc/nomad/*.hcl; } > /www/started
            exec busybox httpd -f -p 4646 -h /www

            """
        try FileManager.default.createDirectory(atPath: root + "/bin", withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: Self.busybox, toPath: root + "/bin/busybox")
        try FileManager.default.createSymbolicLink(atPath: root + "/bin/sh", withDestinationPath: "busybox")
        try Data(program.utf8).write(to: URL(filePath: root + "/bin/nomad"))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: root + "/bin/nomad")
        try await ContainerArchive.write("operator.example/nomad:1", root: root, to: scratch + "/nomad.tar")
    }

    /// Linked statically, of busybox-static.
    private static let busybox = "/bin/busybox"

    private func apply() async throws {
        let path = scratch + "/resources.yml"
        var text = try String(contentsOfFile: path, encoding: .utf8)
        func replace(_ old: String, _ new: String) throws {
            try #require(text.contains(old), "resources.yml of the example has no \(old)")
            text = text.replacingOccurrences(of: old, with: new)
        }
        try replace("hardware.yml, ", "")
        // On a busy host an emulated timer is late for the kernel's check of it, which panics.
        let ours = "vars: { nomadImage: \"oci-archive:\(scratch)/nomad.tar\" }\nkernelArgs: [no_timer_check]"
        try replace("server.yml]", "server.yml, nomad.yml]\n\(ours)")
        try replace("client.yml]", "client.yml, nomad.yml]\n\(ours)")
        try replace("ssh-ed25519 AAAA... you@example.org", publicKey)
        try Data(text.utf8).write(to: URL(filePath: path))
        try await lab.muster(["apply", "-f", path])
    }

    /// What this test is asked for: figures.
    private func note(_ event: String) {
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        print("datacenter: \(event) after \(seconds.formatted(.number.precision(.fractionLength(1)))) s")
    }

    // MARK: Machines

    /// Switches the example's machines on, dc-1 and dc-2 of its resources, and calls `body` when they are healthy.
    func withMachines(_ body: (Machine, Machine) async throws -> Void) async throws {
        var machines: [VirtualMachine] = []
        for number in [2, 3] { machines.append(try await plug(number)) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            for machine in machines {
                let command = inside([lab.firmware.emulator] + machine.arguments(ipxe: nil))
                group.addTask {
                    let status = try await LabProcess.run(command, log: machine.directory + "/qemu.log")
                    guard !Task.isCancelled else { return }
                    throw LabError("\(machine.name) ended (\(status))")
                }
            }
            for machine in machines {
                let marker = try await lab.marker(of: machine.number, within: .seconds(300))
                note("\(marker.machine) is up")
                _ = try await lab.boot(marker.boot, in: "healthy", within: .seconds(300))
                note("\(marker.machine) is healthy")
            }
            try await body(try await machine("dc-1"), try await machine("dc-2"))
        }
    }

    private func plug(_ number: Int) async throws -> VirtualMachine {
        let machine = VirtualMachine(
            number: number,
            firmware: lab.firmware,
            memory: 1536,
            accelerator: "tcg",
            directory: lab.data + "/lab/machines/lab-\(number)"
        )
        try VirtualMachineFiles.make(for: machine)
        _ = try await run(["ip", "tuntap", "add", "dev", machine.tap, "mode", "tap"])
        _ = try await run(["ip", "link", "set", machine.tap, "master", LabNetwork.bridge, "up"])
        return machine
    }

    private struct Lease: Decodable {
        var machine: String?
        var address: String
    }

    private func machine(_ name: String) async throws -> Machine {
        let leases = try await lab.muster(["get", "leases", "-o", "json"])
        let lease = try JSONDecoder().decode([Lease].self, from: Data(leases.utf8)).first { $0.machine == name }
        return Machine(name: name, address: try #require(lease, "\(name) has no lease").address)
    }

    // MARK: Asking

    private func inside(_ command: [String]) -> [String] { ["nsenter", "--net", "--target", "\(process)"] + command }

    private func run(_ command: [String], accepting: Set<Int32> = []) async throws -> String {
        let command = inside(command)
        return try await HostProgram.run(command[0], Array(command.dropFirst()), accepting: accepting)
    }

    private func curl(_ url: String) async throws -> String {
        try await run(["curl", "--silent", "--show-error", "--fail", "--max-time", "20", url])
    }

    /// - Parameter options: in front of the usual ones; the first that ssh is told is the one that counts.
    /// - Returns: what both outputs were.
    private func ssh(
        _ machine: Machine,
        _ command: String,
        key: String = "key",
        options: [String] = [],
        accepting: Set<Int32> = []
    ) async throws -> String {
        let usual = [
            "BatchMode=yes", "ConnectTimeout=20", "IdentitiesOnly=yes", "LogLevel=ERROR", "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
        ]
        let words =
            ["ssh", "-F", "none", "-i", "\(scratch)/\(key)"] + (options + usual).flatMap { ["-o", $0] }
            + ["root@\(machine.address)", command]
        // With what it says on its standard error.
        return try await run(["sh", "-c", #"exec "$@" 2>&1"#, "sh"] + words, accepting: accepting)
    }

    /// What the docker client prints, run where the daemon lives.
    private func docker(_ machine: Machine, _ arguments: String) async throws -> String {
        try await ssh(machine, "exec nsenter -t $(pidof dockerd) -m docker \(arguments)")
    }

    // MARK: Expectations

    func expectNamesAndKeys(on server: Machine) async throws {
        #expect(try await ssh(server, "hostname") == "dc-1\n")
        let key = try publicKey + "\n"
        #expect(try await ssh(server, "cat /host/etc/ssh/authorized_keys/root") == key)
        let metadata = "http://\(LabNetwork.server):8080/get/meta"
        let told = try await ssh(server, "busybox wget -q -O - \(metadata)/authorized-keys \(metadata)/hostname")
        #expect(told == key + "dc-1")
        for (key, options) in [
            ("other", []), ("key", ["PubkeyAuthentication=no"]),
            ("key", ["PubkeyAuthentication=no", "BatchMode=no", "NumberOfPasswordPrompts=0"]),
        ] {
            let refusal = try await ssh(server, "echo in", key: key, options: options, accepting: [255])
            #expect(refusal.contains("Permission denied (publickey)"), "\(key), \(options)")
        }
        // The disk, and the host's own key on it.
        #expect(try await ssh(server, "grep /var/persist /proc/1/mounts").hasPrefix("/dev/vda /var/persist ext4 rw"))
        #expect(try await ssh(server, "ls /host/var/persist/ssh").contains("ed25519.pub"))
    }

    func expectServices(of server: Machine) async throws {
        #expect(try await curl("http://\(server.address):2379/health") == #"{"health":"true"}"#)
        let metrics = try await curl("http://\(server.address):9100/metrics")
        #expect(metrics.contains(#"nodename="dc-1""#))
        let answer = try await run(["busybox", "nslookup", "etcd.dc.internal", server.address])
        #expect(answer.contains("Name:\tetcd.dc.internal\nAddress: \(server.address)\n"), "\(answer)")
    }

    func expectScheduler(on machine: Machine, saying role: String) async throws {
        let started = try await curl("http://\(machine.address):4646/started")
        #expect(started.hasPrefix("nomad agent -config=/etc/nomad\n"))
        #expect(started.contains(#"data_dir = "/var/persist/nomad""#) && started.contains(role), "\(started)")
    }

    func expectContainers(on client: Machine) async throws {
        let archive = scratch + "/container.tar"
        try await HostProgram.run("tar", ["--create", "--file", archive, "--directory", scratch + "/scheduler", "."])
        // By sftp, onto the disk that the daemon shares.
        _ = try await run([
            "scp", "-q", "-F", "none", "-i", scratch + "/key", "-o", "StrictHostKeyChecking=no", "-o",
            "UserKnownHostsFile=/dev/null", archive, "root@\(client.address):/host/var/persist/container.tar",
        ])
        _ = try await docker(client, "import /var/persist/container.tar local/container:1")
        let limited = "run --rm --memory 32m local/container:1 busybox cat /sys/fs/cgroup/memory.max"
        #expect(try await docker(client, limited) == "33554432\n")
        // Through Docker's bridge and its rules.
        _ = try await docker(client, "run -d -p 8088:80 local/container:1 busybox httpd -f -p 80 -h /bin")
        #expect(try await curl("http://\(client.address):8088/nomad").hasPrefix("#!/bin/sh"))
        // A daemon that is killed comes back, and finds what it had.
        _ = try await ssh(client, "kill -9 $(pidof dockerd); while pidof dockerd; do sleep 1; done")
        let wait = "until nsenter -t $(pidof dockerd) -m docker info > /dev/null 2>&1; do sleep 1; done"
        _ = try await ssh(client, "for i in 1; do \(wait); done")
        let again = try await docker(client, "run --rm local/container:1 busybox echo again")
        #expect(again == "again\n")
        note("a container ran on dc-2")
    }
}
