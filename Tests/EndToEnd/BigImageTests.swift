import Build
import Foundation
import Testing
import Vocabulary

@testable import muster

/// A root of more than half of a machine's memory, fetched by the initrd and mounted: built because the machine asked for
/// it, on a server that it gets files of its own from.
@Suite("A big image")
struct BigImageTests {
    /// MiB: of the machine, and of a file that does not become smaller.
    private static let memory = 384
    private static let payload = 200

    @Test(
        "fetched, verified, mounted, healthy, with a file of its own",
        .enabled(if: Self.isLong, "MUSTER_LONG=1 asks for it")
    )
    func squashfs() async throws { try await boot(.squashfs) }

    @Test("as EROFS", .enabled(if: Self.isLong, "MUSTER_LONG=1 asks for it"))
    func erofs() async throws { try await boot(.erofs) }

    private func boot(_ type: RootType) async throws {
        let directory = "/tmp/muster-big-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let last = try Self.writePayload(to: directory + "/payload")
        let file = directory + "/big.yml"
        try Data(Self.definition(payload: directory + "/payload").utf8).write(to: URL(filePath: file))
        let arguments = [
            "--image", file, "--recipes", "boot/images", "--root", type.rawValue, "--memory", "\(Self.memory)",
        ]
        try await RunningLab.with(.bios, arguments: arguments) { lab in
            let marker = try await lab.marker(within: .seconds(300))
            let boot = try await lab.boot(marker.boot, in: "healthy", within: .seconds(60))
            let stages = boot.timeline.map(\.stage)
            for stage in ["kernel", "initrd", "segment", "root", "up", "healthy"] {
                #expect(stages.contains(stage), "the timeline has \(stages)")
            }
            let screen = String(
                decoding: FileManager.default.contents(atPath: lab.console(of: 1)) ?? Data(),
                as: UTF8.self
            )
            let end = screen.suffix(3000)
            #expect(screen.contains("muster: the root is here:"), "\(end)")
            #expect(screen.contains("muster: dm-verity checks every block"), "\(end)")
            #expect(screen.contains("look: \(last.hex)"), "the payload ends in other bytes: \(end)")
        }
    }

    /// `look` reads the last of the payload, through dm-verity.
    private static func definition(payload: String) -> String {
        """
        kernel: {image: "localhost/kernel:cloud", cmdline: "console=tty0 console=ttyS0 no_timer_check"}
        init: ["localhost/init", "localhost/runc"]
        onboot:
          - {name: dhcp, image: "localhost/dhcp:once", net: host}
          - name: look
            image: "localhost/dhcp:once"
            command: [/bin/sh, -c, "busybox tail -c 1048576 /payload | busybox sha256sum"]
            binds: ["/opt/payload:/payload:ro"]
        files:
          - {path: opt/payload, source: "\(payload)", mode: "0644"}
        """
    }

    /// - Returns: the digest of its last mebibyte.
    private static func writePayload(to path: String) throws -> Digest {
        try Data().write(to: URL(filePath: path))
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        defer { try? file.close() }
        var state: UInt64 = 1
        var piece = [UInt64](repeating: 0, count: 1 << 17)
        for _ in 0..<payload {
            for index in piece.indices {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                piece[index] = state ^ state >> 29
            }
            try file.write(contentsOf: piece.withUnsafeBytes { Data($0) })
        }
        return Digest(of: piece.withUnsafeBytes { Array($0) })
    }

    private static let isLong = ProcessInfo.processInfo.environment["MUSTER_LONG"] == "1"
}
