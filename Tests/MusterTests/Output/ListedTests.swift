import Control
import Testing
import Vocabulary

@testable import muster

@Suite("What muster get lists")
struct ListedTests {
    private func digest(_ byte: UInt8) -> Digest { Digest(octets: [UInt8](repeating: byte, count: 32))! }

    @Test("A machine's image is what it runs; while it runs nothing, what it boots next, whatever it is assigned")
    func images() {
        func row(_ images: MachineView.Images, isWide: Bool = false) -> String {
            var machine = MachineView(name: "n1", state: "active", macs: [])
            machine.images = images
            let lines = MachineView.table([machine], isWide: isWide, at: Timestamp(milliseconds: 0)).text
                .split(separator: "\n")
            return lines.last.map(String.init) ?? ""
        }
        let (bad, good) = (digest(0xba), digest(0x60))
        let reverted = MachineView.Images(desired: bad, assigned: bad, lastGood: good, next: good)
        #expect(row(reverted).contains(good.short) && !row(reverted).contains(bad.short))
        let running = MachineView.Images(desired: bad, assigned: bad, lastGood: good, running: bad, next: good)
        #expect(row(running).contains(bad.short) && !row(running).contains(good.short))
        #expect(row(running, isWide: true).hasSuffix(good.short))
    }
}
