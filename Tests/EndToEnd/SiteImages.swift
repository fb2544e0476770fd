import Build
import Foundation
import Logging
import Testing

@testable import muster

/// Container images of a small system without an agent: Debian's cloud kernel with the modules of a virtual machine's
/// network card, and busybox with the lab's init, in two releases that say which they are.
enum SiteImages {
    /// A registry that never answers, and is waited for: what it is asked for takes seconds, and then is what the cache has.
    static let silentRegistry = "192.168.77.99:5000"

    /// - Parameters:
    ///   - directory: gets `kernel.tar`, `init.tar` and `init-2.tar`, OCI archives, and a container cache with the kernel, as
    ///     `e2e.local/kernel:1` and as one of the silent registry.
    ///   - pool: of Debian packages.
    static func write(to directory: String, debian pool: String) async throws {
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
            + "busybox cat /etc/init-release /etc/motd /etc/site/greeting > \"/dev/$console\" 2> /dev/null; done\n"
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
        try FileManager.default.createDirectory(atPath: root + "/etc", withIntermediateDirectories: true)
        for (release, file) in [(1, "init.tar"), (2, "init-2.tar")] {
            try Data("MUSTER-INIT \(release)\n".utf8).write(to: URL(filePath: root + "/etc/init-release"))
            try await ContainerArchive.write("e2e.local/init:\(release)", root: root, to: "\(directory)/\(file)")
        }

        for name in ["e2e.local/kernel:1", "\(silentRegistry)/kernel:1"] {
            let reference = try #require(DockerReference(name))
            try await ContainerCache(dataDirectory: directory).load(file: directory + "/kernel.tar", name: reference)
        }
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
