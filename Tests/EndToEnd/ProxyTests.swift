import Build
import Foundation
import Testing
import Vocabulary

@testable import muster

/// Muster beside a DHCP server of somebody else, in two network namespaces: that one gives the addresses, Muster says
/// what to boot.
@Suite("Machines boot beside a foreign DHCP server")
struct ProxyTests {
    @Test(arguments: [LabFirmware.bios, .uefi])
    func boots(firmware: LabFirmware) async throws {
        let directory = "/tmp/muster-foreign-\(getpid())-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            let (started, starting) = AsyncStream<Int32>.makeStream()
            group.addTask {
                for await lab in started { try await ForeignDHCP.serve(beside: lab, directory: directory) }
            }
            group.addTask {
                try await RunningLab.with(firmware, arguments: ["--dhcp", "proxy"]) { _, process in
                    starting.yield(process)
                } body: { lab in
                    let marker = try await lab.marker()
                    try await expectTheLedgerAgrees(with: marker, in: lab)
                    #expect(try await lab.muster(["get", "leases", "-o", "name"]) == "\n", "a proxy gives no leases")
                    let leases = try String(contentsOfFile: directory + "/foreign.leases", encoding: .utf8)
                    #expect(leases.contains("52:54:00:77:00:01"))
                }
                starting.finish()
            }
            try await group.next()
        }
    }
}
