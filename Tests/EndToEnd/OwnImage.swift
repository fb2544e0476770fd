import Build
import Foundation
import Logging
import Testing
import Vocabulary

@testable import muster

/// An image that stands on our base images, made by `muster pkg build` and `muster build` as a person would, and the
/// emulated machine that boots it without a server.
struct OwnImage {
    /// A data directory of `LabHost`, and what is made in it.
    let directory: String
    var architecture = Architecture.amd64
    private var out: String { directory + "/out" }

    static let mac = "52:54:00:77:00:09"
    /// The listener's address for the machine: the emulated network leads nowhere else.
    static let server = "10.0.2.100:8080"

    /// - Parameters:
    ///   - definition: the part behind `kernel` and `init`; `${images}/probe.tar` is an amd64 image with busybox.
    ///   - kernel: the tag of the kernel's image.
    ///   - programs: images of ours in `init` beside the init and runc.
    ///   - packages: recipes that the definition names.
    ///   - root: what the root becomes when the machine is to fetch it.
    static func make(
        _ definition: String,
        _ architecture: Architecture = .amd64,
        kernel: String = "cloud",
        programs: [String] = [],
        packages: [String] = [],
        root: RootType? = nil,
        in directory: String
    ) async throws -> OwnImage {
        let image = OwnImage(directory: directory, architecture: architecture)
        let recipes = ["kernel:\(kernel)", "init", "runc", "dhcp:once"] + programs + packages
        try await OwnPackages.shared.give(recipes, architecture, to: directory)
        try await image.writeProbe()
        try await image.build(definition, kernel: kernel, programs: ["init", "runc"] + programs, root: root)
        return image
    }

    private func build(_ definition: String, kernel: String, programs: [String], root: RootType?) async throws {
        let console = architecture == .arm64 ? "ttyAMA0" : "ttyS0"
        let whole = """
            kernel:
              image: localhost/kernel:\(kernel)
              cmdline: "console=\(console) quiet no_timer_check"
            init: [\(programs.map { "\"localhost/\($0)\"" }.joined(separator: ", "))]
            \(definition)
            """
        try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
        try Data(whole.utf8).write(to: URL(filePath: directory + "/own.yml"))
        var arguments = ["build", directory + "/own.yml", "--name", "own", "--arch", "\(architecture)", "--dir", out]
        arguments += ["--offline", "--set", "images=\(directory)"]
        if let root { arguments += ["--root", root.rawValue] }
        try await muster(arguments)
    }

    private func muster(_ arguments: [String]) async throws {
        try await HostProgram.run(LabHost.executable, arguments + ["--data", directory + "/lab"])
    }

    private func writeProbe() async throws {
        let debian = DebianState(
            directory: directory + "/lab/debian",
            logger: Logger(label: "e2e", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        let package = try await debian.fetch([DebianPackage("busybox-static", architecture: .amd64)])[0]
        let root = directory + "/probe.root"
        try await debian.extract(package, members: ["./bin/busybox"], to: root)
        try FileManager.default.createSymbolicLink(atPath: root + "/bin/sh", withDestinationPath: "busybox")
        try await ContainerArchive.write("e2e.local/probe:1", root: root, to: directory + "/probe.tar")
    }

    /// Size of the initrd, in bytes.
    var size: Int {
        (try? FileManager.default.attributesOfItem(atPath: out + "/own-initrd.img")[.size] as? Int) ?? 0
    }

    var kernel: Data { get throws { try Data(contentsOf: URL(filePath: out + "/own-kernel")) } }
    var initrd: Data { get throws { try Data(contentsOf: URL(filePath: out + "/own-initrd.img")) } }

    /// The root that the machine fetches.
    var root: Data { get throws { try Data(contentsOf: URL(filePath: out + "/own-root.img")) } }

    /// What the server puts into the machine's own segment: the token, in an archive.
    static func segment(token: String) throws -> Data { try segment("etc/muster/token", "\(token)\n") }

    /// An archive of one file of `etc/muster`.
    private static func segment(_ path: BytePath, _ text: String) throws -> Data {
        var segment = Data()
        var writer = NewcWriter { span in span.withUnsafeBytes { segment.append(contentsOf: $0) } }
        for path: BytePath in ["etc", "etc/muster"] { try writer.append(.directory(path)) }
        let bytes = Array(text.utf8)
        let file = NewcEntry(path: path, kind: .file(size: UInt64(bytes.count)), permissions: 0o600)
        try writer.append(file, data: bytes)
        try writer.finish()
        return segment
    }

    /// Makes the initrd believe that these bytes are its root, and that the tree behind them is what it was.
    func expect(root: Data) throws {
        var description = try rootDescription
        description["digest"] = Digest(of: root).description
        let text = String(decoding: try JSONSerialization.data(withJSONObject: description), as: UTF8.self)
        var initrd = try initrd
        initrd.append(contentsOf: [UInt8](repeating: 0, count: (4 - initrd.count % 4) % 4))
        try (initrd + Self.segment("etc/muster/root.json", text)).write(to: URL(filePath: out + "/own-initrd.img"))
    }

    /// As the image's manifest has it.
    private var rootDescription: [String: Any] {
        get throws {
            let releases = try object("images/own.json")["releases"] as? [[String: Any]]
            let images = try #require(releases?.last?["images"] as? [String: String])
            let digest = try #require(images["\(architecture)"].flatMap { Digest($0) })
            return try #require(try object("blobs/sha256/\(digest.hex)")["root"] as? [String: Any])
        }
    }

    private func object(_ path: String) throws -> [String: Any] {
        let bytes = try Data(contentsOf: URL(filePath: "\(directory)/lab/\(path)"))
        return try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
    }

    /// The command line of a boot.
    func commandLine(boot: String) throws -> String {
        let line = try String(contentsOf: URL(filePath: out + "/own-cmdline"), encoding: .utf8)
        return
            "\(line) muster.boot=\(boot) muster.machine=own-1 muster.image=0123456789ab muster.url=http://\(Self.server) "
            + "BOOTIF=01-\(Self.mac.replacing(":", with: "-"))"
    }

    /// Boots the image until the machine switches itself off or starts again.
    /// - Parameters:
    ///   - token: what the server puts into the machine's own segment.
    ///   - hardware: more arguments for QEMU.
    /// - Returns: what was on its console.
    func console(token: String, listener: ReportListener, hardware: [String] = []) async throws -> String {
        var initrd = try initrd
        initrd.append(contentsOf: [UInt8](repeating: 0, count: (4 - initrd.count % 4) % 4))
        try (initrd + Self.segment(token: token)).write(to: URL(filePath: out + "/initrd"))

        let arguments = try commandLine(boot: "b1")
        let network =
            "user,id=net,restrict=on,guestfwd=tcp:\(Self.server)-cmd:busybox nc 127.0.0.1 \(listener.port)"
        await LabHost.shared.takeTurn()
        let result = await Swift.Result {
            try await HostProgram.run(
                "timeout",
                ["--kill-after=5", "300"] + machine + [
                    "-accel", "tcg", "-m", "768", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                    "-serial", "stdio", "-kernel", out + "/own-kernel", "-initrd", out + "/initrd",
                    "-append", arguments, "-netdev", network, "-device", "virtio-net-pci,netdev=net,mac=\(Self.mac)",
                    "-uuid", "2c2e3c0a-6c1d-4c7e-9a42-5d8f6c0b7a11", "-smbios", "type=1,serial=E2E-1",
                ] + hardware,
                accepting: [124]
            )
        }
        await LabHost.shared.giveTurn()
        return try result.get()
    }

    private var machine: [String] {
        architecture == .arm64
            ? ["qemu-system-aarch64", "-machine", "virt", "-cpu", "cortex-a57"]
            : ["qemu-system-x86_64", "-machine", "pc"]
    }
}
