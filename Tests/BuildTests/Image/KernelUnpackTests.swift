import Foundation
import Logging
import Subprocess
import Testing
import Vocabulary

@testable import Build

/// The proof is the kernel: what it unpacks of an initrd is the root that was planned, in every compression.
@Suite("The kernel unpacks it")
struct KernelUnpackTests {
    /// Says of every path what `lstat` says, and what it holds.
    private static let lister = """
        #!/sbin/busybox sh
        b=/sbin/busybox
        $b find / -xdev ! -path / | while IFS= read -r path; do
            if [ -L "$path" ]; then content=$($b readlink "$path")
            elif [ -f "$path" ]; then content=$($b sha256sum < "$path"); content=${content%% *}
            else content=; fi
            echo "ENTRY $($b stat -c '%f %u %g %Y %h %t:%T' "$path") <$content> $path"
        done
        echo LISTED
        $b poweroff -f

        """

    private static let definition = """
        kernel: {image: "debian:1", cmdline: "console=ttyS0 quiet", tar: none, ucode: microcode.cpio}
        init: ["base:1", "lister:1"]
        services:
          - {name: web, image: "web:1"}
          - {name: second, image: "web:1", readonly: true}
        files:
          - {path: etc/motd, contents: hello, mode: "0644"}
        muster: {kernel: {initrd: COMPRESSION}}
        """

    /// Debian's cloud kernel and busybox, from the pool that end-to-end tests share.
    private static func machine() async throws -> FixtureImages {
        let images = try FixtureImages.machine()
        let beside = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
        let debian = DebianState(
            directory: beside.appending(path: "end-to-end/debian").path,
            logger: Logger(label: "tests", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        let packages = try await debian.fetch([
            DebianPackage("linux-image-cloud-amd64", architecture: .amd64),
            DebianPackage("busybox-static", architecture: .amd64),
        ])
        let name = try #require(packages[0].dependency(startingWith: "linux-image-"))
        let kernel = try await debian.fetch([DebianPackage(name, architecture: .amd64)])[0]
        let scratch = try TemporaryDirectory()
        try await debian.extract(kernel, members: ["./boot/*"], to: scratch.path)
        try await debian.extract(packages[1], members: ["./bin/busybox"], to: scratch.path)
        func contents(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

        var boot = TarArchive()
        for name in try FileManager.default.contentsOfDirectory(atPath: scratch.path("boot")).sorted() {
            if name.hasPrefix("config-") {
                boot.add(BytePath("boot/\(name)"), contents: try contents(scratch.path("boot/\(name)")))
            }
            if name.hasPrefix("vmlinuz-") { boot.add("kernel", contents: try contents(scratch.path("boot/\(name)"))) }
        }
        let microcode = try NewcWriterTests.archive { writer in
            for directory in ["kernel", "kernel/x86", "kernel/x86/microcode"] {
                try writer.append(.directory(BytePath(directory)))
            }
            let file = NewcEntry(path: "kernel/x86/microcode/none", kind: .file(size: 3), permissions: 0o644)
            try writer.append(file, data: [1, 2, 3])
        }
        boot.add("microcode.cpio", contents: microcode)
        try images.add("debian:1", boot)
        var lister = TarArchive()
        lister.add("init", contents: Array(Self.lister.utf8), mode: 0o755)
        lister.add("sbin/busybox", contents: try contents(scratch.path("bin/busybox")), mode: 0o755)
        try images.add("lister:1", lister)
        return images
    }

    @Test("names, modes, owners, times, links, devices and contents", arguments: ["zstd", "gzip", "xz", "none"])
    func unpacked(compression: String) async throws {
        let images = try await Self.machine()
        let data = try TemporaryDirectory()
        let builder = try ImageBuilder(dataDirectory: data.path, source: images)
        let request = try BuildRequest(Self.definition.replacing("COMPRESSION", with: compression))
        let built = try await builder.build(request)
        let files = try await ImageFormats.write(
            built,
            as: try ImageFormats.parse("kernel+initrd"),
            name: "m",
            directory: data.path("out"),
            blobs: try BlobStore(dataDirectory: data.path)
        )
        #expect(files.count == 3)
        try await HostProgram.run(
            "timeout",
            [
                "240", "qemu-system-x86_64", "-accel", "tcg", "-m", "512", "-nodefaults", "-display", "none",
                "-no-reboot",
                "-kernel", data.path("out/m-kernel"), "-initrd", data.path("out/m-initrd.img"),
                "-append", built.manifest.commandLine + " no_timer_check panic=-1", "-serial",
                "file:\(data.path("console"))",
            ]
        )
        let console = Array(try Data(contentsOf: URL(filePath: data.path("console"))))
        let lines = console.split(whereSeparator: { $0 == 0x0a || $0 == 0x0d })
        let end = String(decoding: Array(lines.suffix(5).joined(separator: [0x0a])), as: UTF8.self)
        try #require(lines.contains { $0.elementsEqual("LISTED".utf8) }, "the console ends with: \(end)")
        let expected = try UnpackedTree(of: built.root, contents: built.contents)
        var found = UnpackedTree(listed: lines)
        // The kernel's own: what is built into it, and the microcode's archive, which it unpacks too.
        for path in found.nodes.keys where expected.nodes[path] == nil {
            let text = path.description
            if ["dev/console", "root"].contains(text) || text == "kernel" || text.hasPrefix("kernel/") {
                found.nodes[path] = nil
            }
        }
        let differences = found.differences(from: expected)
        #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
        #expect(found.nodes.count > 40)
    }
}

extension UnpackedTree {
    /// Out of the lister's lines: `ENTRY mode owner group modified links major:minor <content> path`, numbers of devices
    /// and modes in hex.
    fileprivate init(listed lines: [ArraySlice<UInt8>]) {
        for line in lines where line.starts(with: "ENTRY ".utf8) {
            let fields = line.split(separator: 0x20, maxSplits: 8, omittingEmptySubsequences: false)
            guard fields.count == 9, let mode = UInt32(String(decoding: fields[1], as: UTF8.self), radix: 16) else {
                continue
            }
            func number(_ index: Int) -> Int { Int(String(decoding: fields[index], as: UTF8.self)) ?? -1 }
            var content = String(decoding: fields[7].dropFirst().dropLast(), as: UTF8.self)
            if mode & S_IFMT == S_IFREG { content = String(content.prefix(12)) }
            if [S_IFCHR, S_IFBLK].contains(mode & S_IFMT) {
                let numbers = String(decoding: fields[6], as: UTF8.self).split(separator: ":").map {
                    Int($0, radix: 16) ?? -1
                }
                content = numbers.map(String.init).joined(separator: ":")
            }
            nodes[BytePath(fields[8].dropFirst())] = Node(
                mode: mode,
                owner: UInt32(number(2)),
                group: UInt32(number(3)),
                modified: number(4),
                content: content,
                links: mode & S_IFMT == S_IFREG ? number(5) : 0
            )
        }
    }

}
