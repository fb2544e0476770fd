import FoundationEssentials
import Vocabulary

/// Finds the line by which a system of ours says that it is up, in the bytes of its console.
///
/// Firmware and loaders write escape sequences, and a terminal reset (ESC c) right before our line, so the line is
/// searched for and not expected at the start.
struct ConsoleScanner: Sendable {
    /// `MUSTER-UP machine=… mac=… boot=… image=…`
    struct Marker: Hashable, Sendable {
        var machine: String
        var mac: MACAddress?
        var boot: String
        var image: String
    }

    /// No line of a console is longer; what is, is none of ours.
    private static let longestLine = 4096
    private var line: [UInt8] = []

    /// Takes the next bytes.
    /// - Returns: the markers whose lines end in them.
    mutating func scan(_ bytes: some Sequence<UInt8>) -> [Marker] {
        var markers: [Marker] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                if let marker = Self.marker(in: line) { markers.append(marker) }
                line.removeAll(keepingCapacity: true)
            } else if line.count < Self.longestLine {
                line.append(byte)
            }
        }
        return markers
    }

    static func marker(in line: [UInt8]) -> Marker? {
        let text = String(decoding: line, as: UTF8.self)
        guard let start = text.range(of: "MUSTER-UP ") else { return nil }
        var fields: [Substring: String] = [:]
        for word in text[start.upperBound...].split(separator: " ") {
            guard let equals = word.firstIndex(of: "=") else { continue }
            fields[word[..<equals]] = String(word[word.index(after: equals)...])
        }
        guard let machine = fields["machine"], let mac = fields["mac"], let boot = fields["boot"],
            // The kernel may write its next line right behind ours, before the line's end.
            let image = fields["image"]?.prefix(while: \.isHexDigit)
        else { return nil }
        return Marker(machine: machine, mac: MACAddress(mac), boot: boot, image: String(image))
    }
}
