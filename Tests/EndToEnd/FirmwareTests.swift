import Build
import Foundation
import Testing
import Vocabulary

@testable import muster

/// Real firmware, from power-on to a system that says whose it is, by each way that there is.
@Suite("Machines boot from the network")
struct FirmwareTests {
    @Test(arguments: LabFirmware.allCases)
    func boots(firmware: LabFirmware) async throws {
        try await RunningLab.with(firmware) { lab in
            let marker = try await lab.marker()
            try await expectTheLedgerAgrees(with: marker, in: lab)
        }
    }

    @Test("two at once, each as itself")
    func two() async throws {
        try await RunningLab.with(.bios, arguments: ["--machines", "2"]) { lab in
            async let first = lab.marker(of: 1)
            async let second = lab.marker(of: 2)
            let markers = try await [first, second]
            #expect(markers.map(\.machine) == ["lab-1", "lab-2"])
            #expect(markers.map(\.mac) == [MACAddress("52:54:00:77:00:01"), MACAddress("52:54:00:77:00:02")])
            #expect(markers[0].boot != markers[1].boot)
            let boots = try await lab.boots()
            #expect(boots.count == 2, "one power-on is one boot")
            for marker in markers {
                let boot = try #require(boots.first { $0.id == marker.boot }, "a boot id of nobody")
                #expect(boot.machine == marker.machine)
                #expect(MACAddress(boot.mac) == marker.mac)
            }
        }
    }
}

/// The machine was given its files and its token, once, by whichever loader; nobody gets them again.
private func expectASegmentOfItsOwn(
    _ marker: ConsoleScanner.Marker,
    _ stages: [String],
    in lab: RunningLab
) async throws {
    #expect(stages.count { $0 == "segment" } == 1, "the timeline has \(stages)")
    let console = String(decoding: try Data(contentsOf: URL(filePath: lab.console(of: 1))), as: UTF8.self)
    #expect(console.contains("lab-1 has a file of its own, and a token of 64 bytes"))
    let process = try #require(try LabState.running(in: lab.data + "/lab")).process
    let inside = [
        "--net", "--target", "\(process)", "curl", "--silent", "--max-time", "10", "--write-out", "%{http_code}",
    ]
    let url = "http://\(LabNetwork.server):8080/boots/\(marker.boot)/segment"
    #expect(try await HostProgram.run("nsenter", inside + ["--output", "/dev/null", url]) == "403")
}

/// The console's line and the ledger tell of the same boot, from the first packet to the last byte.
func expectTheLedgerAgrees(with marker: ConsoleScanner.Marker, in lab: RunningLab) async throws {
    // A loader that starts its kernel says only once that it has the last block.
    let boot = try await lab.boot(marker.boot, in: "fetched", within: .seconds(60))
    let boots = try await lab.boots()
    #expect(BootID(marker.boot) != nil)
    #expect(marker.machine == "lab-1")
    #expect(marker.mac == MACAddress("52:54:00:77:00:01"))
    #expect(boot.mac == "52:54:00:77:00:01")
    #expect(boot.machine == marker.machine)
    #expect(Digest(boot.image)?.short == marker.image)
    #expect(boots.count == 1, "one power-on is one boot")
    let stages = boot.timeline.map(\.stage)
    for stage in ["dhcp", "loader", "script", "kernel", "initrd"] {
        #expect(stages.contains(stage), "the timeline has \(stages)")
    }
    try await expectASegmentOfItsOwn(marker, stages, in: lab)
    let kernel = try #require(stages.firstIndex(of: "kernel"))
    #expect(stages.firstIndex(of: "script").map { $0 < kernel } == true)
}
