import Testing
import Vocabulary

@testable import muster

@Suite("The console's line")
struct ConsoleScannerTests {
    static let line = "MUSTER-UP machine=n1 mac=52:54:00:77:00:01 boot=b image=0123456789ab"

    @Test(arguments: ["", "\u{1b}c", "[    2.1] something without an end "])
    func isFoundWhateverIsBeforeIt(before: String) {
        var scanner = ConsoleScanner()
        let markers = scanner.scan(Array((before + Self.line + "\r\n").utf8))
        #expect(markers.map(\.machine) == ["n1"])
        #expect(markers.first?.mac == MACAddress("52:54:00:77:00:01"))
        #expect(markers.first?.image == "0123456789ab")
    }

    @Test func endsWhereAKernelsLineBreaksIn() {
        var scanner = ConsoleScanner()
        let markers = scanner.scan(Array((Self.line + "[    2.5] usb 1-1: new device\n").utf8))
        #expect(markers.first?.image == "0123456789ab")
    }

    @Test func isFoundInPieces() {
        var scanner = ConsoleScanner()
        var markers: [ConsoleScanner.Marker] = []
        for byte in Array((Self.line + "\n").utf8) { markers += scanner.scan([byte]) }
        #expect(markers.count == 1)
    }

    @Test(arguments: ["MUSTER-UP machine=n1\n", "MUSTER-DOWN machine=n1 mac=a boot=b image=c\n", "\n\n", "MUSTER-UP "])
    func isNotFoundInOthers(text: String) {
        var scanner = ConsoleScanner()
        #expect(scanner.scan(Array(text.utf8)).isEmpty)
    }

    @Test func takesBoundedMemoryForALineWithoutEnd() {
        var scanner = ConsoleScanner()
        #expect(scanner.scan([UInt8](repeating: 0xff, count: 1 << 20)).isEmpty)
        #expect(scanner.scan(Array(("\n" + Self.line + "\n").utf8)).count == 1)
    }
}
