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
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            let (started, starting) = AsyncStream<(Int32, String)>.makeStream()
            group.addTask {
                for await (lab, directory) in started { try await ForeignDHCP.serve(beside: lab, directory: directory) }
            }
            group.addTask {
                try await RunningLab.with(firmware, arguments: ["--dhcp", "proxy"]) { lab, process in
                    starting.yield((process, lab.data))
                } body: { lab in
                    let marker = try await lab.marker()
                    try await expectTheLedgerAgrees(with: marker, in: lab)
                    #expect(try await lab.muster(["get", "leases", "-o", "name"]).isEmpty, "a proxy gives no leases")
                    let leases = try String(contentsOfFile: lab.data + "/foreign.leases", encoding: .utf8)
                    #expect(leases.contains("52:54:00:77:00:01"))
                }
                starting.finish()
            }
            try await group.next()
        }
    }
}
