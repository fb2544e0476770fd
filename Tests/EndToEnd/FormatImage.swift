import Foundation
import Logging
import Testing
import Vocabulary

@testable import Build
@testable import muster

/// The lab's image as a build would hand it to the formats, with a root that can be booted by itself.
///
/// Debian's kernel has the drivers for disks as modules, so an archive with them and a first process that mounts `root=`
/// stands where an image has its microcode: formats that boot from a disk give it to the kernel.
struct FormatImage {
    var image: BuiltImage
    let blobs: BlobStore
    /// The archive with the modules.
    let drivers: String
    var tools = FormatTools.host

    private static let modules = [
        "virtio_pci", "virtio_blk", "virtio_scsi", "sd_mod", "sr_mod", "squashfs", "erofs", "isofs",
    ]

    /// - Parameter scratch: a directory that stays as long as the image is used.
    static func make(_ architecture: Architecture, in scratch: String) async throws -> FormatImage {
        let directory = try await LabHost.shared.dataDirectory(for: architecture == .arm64 ? .arm64 : .bios)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let store = try ImageStore(dataDirectory: directory + "/lab")
        let entry = try #require(
            try store.list().first { $0.name == LabImage.name && $0.manifest.architecture == architecture }
        )
        // The directory goes, its blobs stay.
        try FileManager.default.moveItem(atPath: directory + "/lab/blobs", toPath: scratch + "/blobs")
        let blobs = try BlobStore(dataDirectory: scratch)
        guard architecture == .amd64 else {
            let root = MachineRoot(parts: [], entries: [], kernel: nil, commandLine: "", microcode: nil)
            let image = BuiltImage(manifest: entry.manifest, root: root, contents: FileReader())
            var made = FormatImage(image: image, blobs: blobs, drivers: "")
            made.tools.root = try await loaders(from: directory + "/lab/debian", to: scratch + "/loaders")
            return made
        }
        let parts = scratch + "/parts"
        let order = try await unpack(from: directory + "/lab/debian", to: parts)
        let drivers = scratch + "/drivers.cpio"
        try writeDrivers(to: drivers, modules: order, busybox: parts + "/bin/busybox")
        let root = MachineRoot(
            parts: [.boot, MachineRoot.Part(name: "init")],
            entries: try tree(busybox: parts + "/bin/busybox"),
            kernel: nil,
            commandLine: entry.manifest.commandLine,
            microcode: try FileContent(hostFile: drivers)
        )
        let image = BuiltImage(manifest: entry.manifest, root: root, contents: FileReader())
        return FormatImage(image: image, blobs: blobs, drivers: drivers)
    }

    /// What a host that is no arm64 cannot install beside its own: GRUB's modules and systemd's stub.
    /// - Returns: `root`.
    private static func loaders(from debian: String, to root: String) async throws -> String {
        let logger = Logger(label: "formats", factory: { _ in SwiftLogNoOpLogHandler() })
        let state = DebianState(directory: debian, logger: logger)
        let packages = ["grub-efi-arm64-bin", "systemd-boot-efi"].map { DebianPackage($0, architecture: .arm64) }
        for package in try await state.fetch(packages) {
            try await state.extract(package, members: ["./usr/lib/*"], to: root)
        }
        return root
    }

    /// - Returns: the paths of the modules, in the order in which they are loaded.
    private static func unpack(from debian: String, to parts: String) async throws -> [String] {
        let logger = Logger(label: "formats", factory: { _ in SwiftLogNoOpLogHandler() })
        let state = DebianState(directory: debian, logger: logger)
        let found = try await state.fetch([DebianPackage("linux-image-cloud-amd64"), DebianPackage("busybox-static")])
        let kernel = try #require(found[0].dependency(startingWith: "linux-image-"))
        try await state.extract(
            state.fetch([DebianPackage(kernel)])[0],
            members: [
                "./lib/modules/*/kernel/drivers/*", "./lib/modules/*/kernel/fs/*", "./lib/modules/*/kernel/lib/*",
            ],
            to: parts
        )
        try await state.extract(found[1], members: ["./bin/busybox"], to: parts)
        return try KernelModules(below: parts).loadOrder(of: modules)
    }

    private static func writeDrivers(to path: String, modules: [String], busybox: String) throws {
        var archive = Data()
        var writer = NewcWriter { span in span.withUnsafeBytes { archive.append(contentsOf: $0) } }
        for name in ["bin", "dev", "lib", "lib/modules", "proc", "root"] {
            try writer.append(.directory(BytePath(name)))
        }
        try writer.append(
            NewcEntry(path: "dev/console", kind: .characterDevice(major: 5, minor: 1), permissions: 0o600)
        )
        try writer.append(program: "bin/busybox", Data(contentsOf: URL(filePath: busybox)))
        let names = modules.map { URL(filePath: $0).lastPathComponent }
        for (module, name) in zip(modules, names) {
            try writer.append(program: "lib/modules/\(name)", Data(contentsOf: URL(filePath: module)))
        }
        try writer.append(program: "lib/modules/order", Data(names.map { $0 + "\n" }.joined().utf8))
        try writer.append(program: "init", Data(firstProcess.utf8))
        try writer.finish()
        try archive.write(to: URL(filePath: path))
    }

    /// Loads the modules, mounts what `root=` names, and goes on there.
    private static let firstProcess = """
        #!/bin/busybox sh
        busybox mount -t proc proc /proc
        busybox mount -t devtmpfs devtmpfs /dev
        while read -r module; do busybox insmod "/lib/modules/$module"; done < /lib/modules/order
        for word in $(busybox cat /proc/cmdline); do case $word in root=*) root=${word#root=} ;; esac; done
        tries=0
        until [ -b "$root" ] || [ $tries = 100 ]; do busybox sleep 0.1; tries=$((tries + 1)); done
        for type in squashfs erofs iso9660; do busybox mount -r -t $type "$root" /root && break; done
        exec busybox switch_root /root /sbin/init

        """

    /// Says which file system it runs from and what the kernel sees there, and switches the machine off.
    private static let rootProcess = """
        #!/bin/busybox sh
        busybox mount -t proc proc /proc
        for word in $(busybox cat /proc/cmdline); do case $word in muster.machine=*) machine=${word#*=} ;; esac; done
        type=$(busybox awk '$2 == "/" { type = $3 } END { print type }' /proc/mounts)
        busybox dmesg -n 1
        echo "MUSTER-UP machine=$machine mac=none boot=none image=0123456789ab root=$type" > /dev/console
        cd /tree
        for name in *; do
            echo "TREE $name $(busybox stat -c '%f %u %g %t:%T %Y' "$name") $(busybox readlink "$name")." > /dev/console
        done
        echo "TREE-END $(busybox cat content)" > /dev/console
        busybox sleep 1
        busybox poweroff -f

        """

    /// What the lines of `rootProcess` say of `tree`: mode, owner, group, device, time, target of a link.
    static let seen = [
        "TREE content 8180 1000 2000 0:0 1500000000 .",
        "TREE directory 41c0 70000 80000 0:0 1492533000 .",
        "TREE disk 61b0 0 6 8:1 1492533000 .",
        "TREE link a1ff 0 0 0:0 1492533000 ../sbin/init.",
        "TREE pipe 1180 0 0 0:0 1492533000 .",
        "TREE setuid 89ed 0 0 0:0 1492533000 .",
        "TREE-END what it holds",
    ]

    private static func tree(busybox: String) throws -> [PlacedEntry] {
        func entry(
            _ path: BytePath,
            _ kind: TreeEntry.Kind,
            _ mode: UInt16,
            _ owner: UInt32 = 0,
            _ group: UInt32 = 0,
            modified: Int64 = TreeEntry.standardTime
        ) -> PlacedEntry {
            let entry = TreeEntry(
                path: path,
                kind: kind,
                permissions: mode,
                owner: owner,
                group: group,
                modified: modified
            )
            return PlacedEntry(entry: entry, part: 1)
        }
        return [
            entry("bin", .directory, 0o755),
            entry("bin/busybox", .file(try FileContent(hostFile: busybox)), 0o755),
            entry("bin/sh", .symbolicLink(target: "busybox"), 0o777),
            entry("dev", .directory, 0o755),
            entry("dev/console", .characterDevice(major: 5, minor: 1), 0o600),
            entry("proc", .directory, 0o755),
            entry("sbin", .directory, 0o755),
            entry("sbin/init", .file(FileContent(rootProcess)), 0o755),
            entry("tree", .directory, 0o755),
            entry("tree/content", .file(FileContent("what it holds")), 0o600, 1000, 2000, modified: 1_500_000_000),
            entry("tree/directory", .directory, 0o700, 70_000, 80_000),
            entry("tree/disk", .blockDevice(major: 8, minor: 1), 0o660, 0, 6),
            entry("tree/link", .symbolicLink(target: "../sbin/init"), 0o777),
            entry("tree/pipe", .fifo, 0o600),
            entry("tree/setuid", .file(FileContent("#!")), 0o4755),
        ]
    }
}

extension NewcWriter {
    fileprivate mutating func append(program path: String, _ bytes: Data) throws {
        let kind = NewcEntry.Kind.file(size: UInt64(bytes.count))
        try append(NewcEntry(path: BytePath(path), kind: kind, permissions: 0o755), data: Array(bytes))
    }
}

/// Reads contents that lie in memory or in files of this host.
private struct FileReader: ContentReader {
    func read(_ content: FileContent, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        switch content.place {
        case .bytes(let bytes): try bytes.withUnsafeBytes(body)
        case .host(let path): try Data(contentsOf: URL(filePath: path)).withUnsafeBytes(body)
        case .layer: throw BuildError(.notFound, "there are no layers here")
        }
    }
}
