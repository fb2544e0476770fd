import Foundation
import Testing

@testable import muster

/// GRUB with HTTP in it, which somebody put in iPXE's place: it is loaded as the firmware loads, and then takes its
/// configuration, the kernel and the initrd by HTTP, from a port that is not 80.
@Suite("Machines boot through GRUB over HTTP")
struct GRUBTests {
    @Test(arguments: [LabFirmware.uefi, .uefiHTTP])
    func boots(firmware: LabFirmware) async throws {
        let grub = "/tmp/muster-grub-\(getpid())-\(UUID().uuidString.prefix(8)).efi"
        defer { try? FileManager.default.removeItem(atPath: grub) }
        try await LabHost.shared.makeGRUB(at: grub)
        try await RunningLab.with(firmware, loaders: ["ipxe.efi": grub]) { lab in
            let marker = try await lab.marker()
            try await expectTheLedgerAgrees(with: marker, in: lab)
            let console = String(decoding: try Data(contentsOf: URL(filePath: lab.console(of: 1))), as: UTF8.self)
            #expect(console.contains("BOOT_IMAGE=(http,\(LabNetwork.server):8080)/boots/\(marker.boot)/kernel"))
        }
    }
}
