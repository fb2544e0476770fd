import Build
import FoundationEssentials
import Vocabulary

/// The image that the lab's machines run: Debian's cloud kernel, and busybox with a script of ours.
struct LabImage {
    static let name = "lab"
    private static let modules = ["virtio_pci", "virtio_net"]

    let store: ImageStore
    let debian: DebianState
    /// Where packages are unpacked meanwhile.
    let scratch: String

    /// The image for `architecture`, made when it is not there yet or its parts have newer versions in the pool.
    func ensure(_ architecture: Architecture) async throws -> ImageStore.Entry {
        let meta = DebianPackage("linux-image-cloud-\(architecture)", architecture: architecture)
        let busybox = DebianPackage("busybox-static", architecture: architecture)
        let first = try await debian.fetch([meta, busybox])
        guard let kernelName = first[0].dependency(startingWith: "linux-image-") else {
            let found = first[0].depends
            throw BuildError(.invalidInput, "the package \(meta.name) names no kernel: its dependencies are '\(found)'")
        }
        let kernel = try await debian.fetch([DebianPackage(kernelName, architecture: architecture)])[0]
        let labels = [
            "debian.kernel": "\(kernelName) \(kernel.version)", "debian.busybox": first[1].version,
            "muster.lab": Digest(of: PackageResources.lab_init + PackageResources.lab_lease).short,
        ]
        let known = try store.list().first { $0.name == Self.name && $0.manifest.architecture == architecture }
        if let known, known.manifest.labels == labels { return known }
        return try await make(architecture, kernel: kernel, busybox: first[1], labels: labels)
    }

    private func make(
        _ architecture: Architecture,
        kernel: FetchedPackage,
        busybox: FetchedPackage,
        labels: [String: String]
    ) async throws -> ImageStore.Entry {
        let root = "\(scratch)/image-\(architecture)"
        try? FileManager.default.removeItem(atPath: root)
        defer { try? FileManager.default.removeItem(atPath: root) }
        try await debian.extract(kernel, members: ["./boot/vmlinuz-*", "./lib/modules/*"], to: root)
        try await debian.extract(busybox, members: ["./bin/busybox"], to: root)
        guard let file = try FileManager.default.contentsOfDirectory(atPath: root + "/boot").first else {
            throw BuildError(.invalidInput, "the package \(kernel.package) holds no kernel below boot/")
        }
        let initrd = root + "/initrd"
        try writeInitrd(to: initrd, from: root)
        // -n: the file's name and time would make every build another image.
        try await HostProgram.run("gzip", ["-n", initrd])
        let console = architecture == .arm64 ? "ttyAMA0" : "ttyS0"
        return try store.import(
            name: Self.name,
            kernel: "\(root)/boot/\(file)",
            initrds: [initrd + ".gz"],
            commandLine: "console=tty0 console=\(console)",
            labels: labels
        )
    }

    private func writeInitrd(to path: String, from root: String) throws {
        let modules = try KernelModules(below: root).loadOrder(of: Self.modules)
        let names = modules.map { $0.split(separator: "/").last.map(String.init) ?? "" }
        var archive = Data()
        var writer = NewcWriter { span in span.withUnsafeBytes { archive.append(contentsOf: $0) } }
        for directory in ["bin", "dev", "lib", "lib/modules", "proc", "sys"] {
            try writer.append(.directory(BytePath(directory)))
        }
        // The kernel opens its console before there is a devtmpfs.
        try writer.append(
            NewcEntry(path: "dev/console", kind: .characterDevice(major: 5, minor: 1), permissions: 0o600)
        )
        try writer.append(executable: "bin/busybox", try contents(of: root + "/bin/busybox"))
        try writer.append(.symbolicLink("bin/sh", to: "busybox"))
        try writer.append(executable: "bin/lease", PackageResources.lab_lease)
        for (module, name) in zip(modules, names) {
            try writer.append(executable: BytePath("lib/modules/\(name)"), try contents(of: module))
        }
        let order = names.map { $0 + "\n" }.joined()
        try writer.append(executable: "lib/modules/order", Array(order.utf8))
        try writer.append(executable: "init", PackageResources.lab_init)
        try writer.finish()
        try archive.write(to: URL(filePath: path))
    }

    private func contents(of path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: path)))
    }
}

extension NewcWriter {
    fileprivate mutating func append(executable path: BytePath, _ bytes: [UInt8]) throws {
        let entry = NewcEntry(path: path, kind: .file(size: UInt64(bytes.count)), permissions: 0o755)
        try append(entry, data: bytes)
    }
}
