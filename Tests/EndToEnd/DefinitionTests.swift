import Build
import Foundation
import Logging
import Testing
import Vocabulary

@testable import muster

/// A LinuxKit YAML through `muster build` to a machine that boots what was built.
@Suite("A definition becomes a machine")
struct DefinitionTests {
    /// The kernel is a container image of the cache, the init one in a file; what the init says comes out of `files:`.
    private static let definition = """
        kernel:
          image: e2e.local/kernel:1
          cmdline: "console=tty0 console=ttyS0"
        init:
          - "oci-archive:${images}/init.tar"
        files:
          - path: etc/motd
            contents: "MUSTER-BUILT ${who}\\n"
            mode: "0644"
        """

    @Test("built, applied, booted from the network")
    func boots() async throws {
        try await RunningLab.with(.bios) { lab in
            let scratch = lab.data + "/build"
            try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
            try await Self.writeImages(to: scratch, debian: lab.data + "/lab/debian")
            let loaded = try await ContainerCache(dataDirectory: lab.data + "/lab").load(file: scratch + "/kernel.tar")
            #expect(loaded.map(\.name) == ["e2e.local/kernel:1"])
            try Data(Self.definition.utf8).write(to: URL(filePath: scratch + "/site.yml"))
            try await lab.muster([
                "build", scratch + "/site.yml", "--name", "site", "--arch", "amd64", "--set", "who=lab-2", "--set",
                "images=\(scratch)", "--offline",
                "--dir", scratch,
            ])
            let resources = """
                kind: Profile
                name: site
                image: site
                health: fetched
                ---
                kind: Machine
                name: lab-2
                macs: ["52:54:00:77:00:02"]
                profile: site

                """
            try Data(resources.utf8).write(to: URL(filePath: scratch + "/resources.yml"))
            try await lab.muster(["apply", "-f", scratch + "/resources.yml"])

            let process = try #require(try LabState.running(in: lab.data + "/lab")).process
            let marker = try await Self.markerOfSecondMachine(beside: process, in: lab)
            #expect(marker.machine == "lab-2")
            let boot = try #require(try await lab.boots().first { $0.id == marker.boot }, "a boot id of nobody")
            #expect(Digest(boot.image)?.short == marker.image)
            let console = String(
                decoding: FileManager.default.contents(atPath: lab.console(of: 2)) ?? Data(),
                as: UTF8.self
            )
            #expect(console.contains("MUSTER-BUILT lab-2"))
        }
    }

    @Test("built because its machine asked, which gets a file and a token of its own")
    func onDemand() async throws {
        try await RunningLab.with(.uefi) { lab in
            let scratch = lab.data + "/build"
            try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
            try await Self.writeImages(to: scratch, debian: lab.data + "/lab/debian")
            _ = try await ContainerCache(dataDirectory: lab.data + "/lab").load(file: scratch + "/kernel.tar")
            try Data(Self.definition.utf8).write(to: URL(filePath: scratch + "/site.yml"))
            let resources = """
                kind: Profile
                name: site
                image: site.yml
                vars: { who: lab-2, images: "\(scratch)" }
                values: { role: web }
                files: [{ path: etc/site/greeting, template: "MUSTER-SEGMENT {{machine.name}} {{values.role}}\\n" }]
                health: fetched
                ---
                kind: Machine
                name: lab-2
                macs: ["52:54:00:77:00:02"]
                profile: site

                """
            try Data(resources.utf8).write(to: URL(filePath: scratch + "/resources.yml"))
            try await lab.muster(["apply", "-f", scratch + "/resources.yml"])

            let process = try #require(try LabState.running(in: lab.data + "/lab")).process
            let marker = try await Self.markerOfSecondMachine(beside: process, in: lab)
            let boot = try #require(try await lab.boots().first { $0.id == marker.boot }, "a boot id of nobody")
            #expect(boot.machine == "lab-2" && boot.timeline.contains { $0.stage == "segment" })
            let console = String(
                decoding: FileManager.default.contents(atPath: lab.console(of: 2)) ?? Data(),
                as: UTF8.self
            )
            #expect(console.contains("MUSTER-BUILT lab-2") && console.contains("MUSTER-SEGMENT lab-2 web"))
        }
    }

    /// Switches a second machine on in the lab's network, for as long as it takes to come up.
    private static func markerOfSecondMachine(
        beside process: Int32,
        in lab: RunningLab
    ) async throws -> ConsoleScanner.Marker {
        let machine = VirtualMachine(
            number: 2,
            firmware: lab.firmware,
            memory: lab.firmware.memory,
            accelerator: "tcg",
            directory: lab.data + "/lab/machines/lab-2"
        )
        try VirtualMachineFiles.make(for: machine)
        let inside = ["--net", "--target", "\(process)"]
        try await HostProgram.run("nsenter", inside + ["ip", "tuntap", "add", "dev", machine.tap, "mode", "tap"])
        try await HostProgram.run(
            "nsenter",
            inside + ["ip", "link", "set", machine.tap, "master", LabNetwork.bridge, "up"]
        )
        return try await withThrowingTaskGroup(of: ConsoleScanner.Marker?.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                let command = ["nsenter"] + inside + [lab.firmware.emulator] + machine.arguments(ipxe: nil)
                let status = try await LabProcess.run(command, log: machine.directory + "/qemu.log")
                guard !Task.isCancelled else { return nil }
                throw LabError("the machine ended (\(status)) before its system was up")
            }
            group.addTask { try await lab.marker(of: 2) }
            return try #require(try await group.next() ?? nil)
        }
    }

    // MARK: Images

    /// Debian's cloud kernel with the modules of a virtual machine, and busybox with the lab's init.
    private static func writeImages(to directory: String, debian pool: String) async throws {
        let debian = DebianState(
            directory: pool,
            logger: Logger(label: "e2e", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        let packages = try await debian.fetch([
            DebianPackage("linux-image-cloud-amd64", architecture: .amd64),
            DebianPackage("busybox-static", architecture: .amd64),
        ])
        let name = try #require(packages[0].dependency(startingWith: "linux-image-"))
        let package = try await debian.fetch([DebianPackage(name, architecture: .amd64)])[0]
        let unpacked = directory + "/unpacked"
        try await debian.extract(
            package,
            members: ["./boot/vmlinuz-*", "./boot/config-*", "./lib/modules/*"],
            to: unpacked
        )

        let kernel = directory + "/kernel.root"
        try FileManager.default.createDirectory(atPath: kernel, withIntermediateDirectories: true)
        for (prefix, target) in [("vmlinuz-", "kernel"), ("config-", "kernel-config")] {
            let files = try FileManager.default.contentsOfDirectory(atPath: unpacked + "/boot")
            let file = try #require(files.first { $0.hasPrefix(prefix) })
            try FileManager.default.copyItem(atPath: "\(unpacked)/boot/\(file)", toPath: "\(kernel)/\(target)")
        }
        try await writeModules(below: unpacked, to: kernel + "/kernel.tar", scratch: directory + "/modules")
        try await ContainerArchive.write("e2e.local/kernel:1", root: kernel, to: directory + "/kernel.tar")

        let root = directory + "/init.root"
        try await debian.extract(packages[1], members: ["./bin/busybox"], to: root)
        try FileManager.default.createSymbolicLink(atPath: root + "/bin/sh", withDestinationPath: "busybox")
        // It says what the definition gave it, once the lab's init has said that the system is up.
        let greeting =
            "for console in $(busybox cat /sys/class/tty/console/active); do "
            + "busybox cat /etc/motd /etc/site/greeting > \"/dev/$console\" 2> /dev/null; done\n"
        let marker = "busybox dmesg -n 1\n"
        let lab = String(decoding: PackageResources.lab_init, as: UTF8.self)
        try #require(lab.contains(marker))
        let programs = [
            "init": lab.replacingOccurrences(of: marker, with: marker + greeting),
            "bin/lease": String(decoding: PackageResources.lab_lease, as: UTF8.self),
        ]
        for (path, text) in programs {
            try Data(text.utf8).write(to: URL(filePath: "\(root)/\(path)"))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(root)/\(path)")
        }
        try await ContainerArchive.write("e2e.local/init:1", root: root, to: directory + "/init.tar")
    }

    /// The modules of a virtual machine's network card, and the order in which they are loaded.
    private static func writeModules(below root: String, to archive: String, scratch: String) async throws {
        let directory = scratch + "/lib/modules"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let modules = try KernelModules(below: root).loadOrder(of: ["virtio_pci", "virtio_net"])
        let names = modules.map { URL(filePath: $0).lastPathComponent }
        for (module, name) in zip(modules, names) {
            try FileManager.default.copyItem(atPath: module, toPath: "\(directory)/\(name)")
        }
        let order = names.map { $0 + "\n" }.joined()
        try Data(order.utf8).write(to: URL(filePath: directory + "/order"))
        let owners = ["--owner=0", "--group=0", "--numeric-owner", "--sort=name"]
        try await HostProgram.run("tar", ["--create", "--file", archive, "--directory", scratch] + owners + ["lib"])
    }
}
