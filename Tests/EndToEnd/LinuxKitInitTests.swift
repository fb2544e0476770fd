import Build
import Foundation
import Testing

/// LinuxKit's own init by its own name: out of the cache, where an archive of that name was loaded, without a network.
@Suite("linuxkit/init")
struct LinuxKitInitTests {
    private static let name = "linuxkit/init:b5506cc74a6812dc40982cacfd2f4328f8a4b12a"

    @Test("its files, their modes and its links are the root's")
    func tree() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let root = directory + "/root"
        try write("init", "#!/bin/sh\n", mode: 0o755, below: root)
        try write("bin/rc.init", "rc", mode: 0o4755, below: root)
        try write("etc/inittab", "::sysinit:/bin/rc.init\n", mode: 0o644, below: root)
        try write("usr/bin/service", String(repeating: "service", count: 10_000), mode: 0o755, below: root)
        try FileManager.default.createDirectory(atPath: root + "/etc/init.d", withIntermediateDirectories: true)
        try link("etc/init.d/010-onboot", to: "/usr/bin/service", below: root)
        try link("etc/resolv.conf", to: "/run/resolvconf/resolv.conf", below: root)
        try write("kernel", "a kernel", mode: 0o644, below: directory + "/kernel")
        try await load(Self.name, root, in: directory)
        try await load("e2e.local/kernel:1", directory + "/kernel", in: directory)

        let definition = "kernel: {image: \"e2e.local/kernel:1\", tar: none}\ninit: [\"\(Self.name)\"]\n"
        try Data(definition.utf8).write(to: URL(filePath: directory + "/small.yml"))
        try await muster(
            ["build", directory + "/small.yml", "--arch", "amd64", "--offline", "--format", "tar", "--dir", directory],
            in: directory
        )
        let unpacked = directory + "/unpacked"
        try FileManager.default.createDirectory(atPath: unpacked, withIntermediateDirectories: true)
        try await HostProgram.run("tar", ["-xpf", directory + "/small.tar", "-C", unpacked])
        for path in ["init", "bin/rc.init", "etc/inittab", "usr/bin/service"] {
            let (ours, theirs) = ("\(unpacked)/\(path)", "\(root)/\(path)")
            let contents = FileManager.default.contents(atPath: ours)
            #expect(contents != nil && contents == FileManager.default.contents(atPath: theirs), "\(path)")
            #expect(try mode(of: ours) == mode(of: theirs), "\(path)")
        }
        for path in ["etc/init.d/010-onboot", "etc/resolv.conf"] {
            let target = try FileManager.default.destinationOfSymbolicLink(atPath: "\(unpacked)/\(path)")
            #expect(target == (try FileManager.default.destinationOfSymbolicLink(atPath: "\(root)/\(path)")), "\(path)")
        }
    }

    private func load(_ name: String, _ root: String, in directory: String) async throws {
        try await ContainerArchive.write(name, root: root, to: directory + "/image.tar")
        try await muster(["cache", "load", directory + "/image.tar"], in: directory)
    }

    private func muster(_ arguments: [String], in directory: String) async throws {
        try await HostProgram.run(LabHost.executable, arguments + ["--data", directory + "/data"])
    }

    private func write(_ path: String, _ text: String, mode: Int, below root: String) throws {
        let file = URL(filePath: "\(root)/\(path)")
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
    }

    private func link(_ path: String, to target: String, below root: String) throws {
        try FileManager.default.createSymbolicLink(atPath: "\(root)/\(path)", withDestinationPath: target)
    }

    private func mode(of path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }
}
