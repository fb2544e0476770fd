import Build
import Foundation
import Testing
import Vocabulary

@testable import muster

/// A root that the initrd fetches, with no server but one that hands out files.
@Suite("A fetched root")
struct FetchedRootTests {
    private static let definition = """
        onboot:
          - {name: dhcp, image: "localhost/dhcp:once", net: host}
          - name: look
            image: "localhost/dhcp:once"
            command: [/bin/sh, -c, "if busybox cat /payload > /dev/null; then echo whole; else echo broken; fi"]
            binds: ["/opt/payload:/payload:ro"]
        files:
          - {path: opt/payload, source: "${images}/payload", mode: "0644"}
        """

    @Test(
        "bytes that changed after the root was checked are never read: dm-verity refuses them, and only them",
        .enabled(if: LabHost.isLong, "MUSTER_LONG=1 asks for it")
    )
    func tampered() async throws {
        try await boot(.amd64) { root, payload in
            // Incompressible bytes stand in the file system as they are.
            let place = try #require(root.range(of: payload[(2 << 20)..<(2 << 20) + 64]))
            root[place.lowerBound] ^= 1
        } expect: { console in
            #expect(console.contains("dm-verity checks every block"), "\(console.suffix(3000))")
            #expect(console.contains("look: broken"), "\(console.suffix(3000))")
            #expect(console.contains(/verity: .*data block [0-9]+ is corrupted/), "\(console.suffix(3000))")
        }
    }

    @Test("arm64", .enabled(if: LabHost.isLong, "MUSTER_LONG=1 asks for it"))
    func arm64() async throws {
        try await boot(.arm64) { _, _ in
        } expect: { console in
            #expect(console.contains("muster: the root is here:"), "\(console.suffix(3000))")
            #expect(console.contains("dm-verity checks every block"), "\(console.suffix(3000))")
            #expect(console.contains("look: whole"), "\(console.suffix(3000))")
        }
    }

    /// - Parameter change: of the root, which knows where the payload is by its bytes. Its digest is made anew.
    private func boot(
        _ architecture: Architecture,
        change: (inout Data, Data) throws -> Void,
        expect: (String) -> Void
    ) async throws {
        let directory = try await LabHost.shared.dataDirectory(for: architecture == .arm64 ? .arm64 : .bios)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var generator = SystemRandomNumberGenerator()
        let words = (0..<(4 << 20) / 8).map { _ in generator.next() as UInt64 }
        let payload = words.withUnsafeBytes { Data($0) }
        try payload.write(to: URL(filePath: directory + "/payload"))
        let image = try await OwnImage.make(Self.definition, architecture, root: .squashfs, in: directory)
        var root = try image.root
        try change(&root, payload)
        try image.expect(root: root)
        let files = ["/blobs/sha256/\(Digest(of: root).hex)": root]
        let listener = try await ReportListener(files: files) { heard, _ in
            heard.states(of: "b1").contains("up") ? #"{"order": "poweroff", "id": 7}"# : nil
        }
        let console = try await image.console(token: "token-of-b1", listener: listener)
        try await listener.stop()
        expect(console)
        #expect(listener.heard.states(of: "b1").first == "up", "\(console.suffix(3000))")
        #expect(console.contains("reboot: Power down"), "\(console.suffix(3000))")
    }
}
