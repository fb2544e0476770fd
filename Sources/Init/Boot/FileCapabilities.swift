import CInit

/// Gives files back the capabilities that an initrd cannot carry (`etc/muster/file-capabilities`, written by the builder:
/// one line a file, the attribute's value in hexadecimal, a blank, and the path with everything but printable ASCII as
/// `\xhh`).
enum FileCapabilities {
    static let list = "/etc/muster/file-capabilities"

    struct Entry: Equatable {
        var path: [UInt8]
        var value: [UInt8]
    }

    /// Lines that are none of these are left out.
    static func parse(_ bytes: [UInt8]) -> [Entry] {
        bytes.lines.compactMap { line in
            guard let blank = line.firstIndex(of: 0x20), let value = hexadecimal(line[..<blank]), !value.isEmpty else {
                return nil
            }
            return Entry(path: unescaped(line[(blank + 1)...]), value: value)
        }
    }

    private static func hexadecimal(_ digits: ArraySlice<UInt8>) -> [UInt8]? {
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: digits.startIndex, to: digits.endIndex, by: 2) {
            guard let high = digits[index].hexadecimalValue, let low = digits[index + 1].hexadecimalValue else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func unescaped(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3, rest.first == UInt8(ascii: "x"),
                let value = hexadecimal(rest.dropFirst().prefix(2))
            {
                bytes += value
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }

    static func apply(console: Console) {
        guard let bytes = try? FileSystem.read(list) else { return }
        for entry in parse(bytes) {
            let path = [UInt8(ascii: "/")] + entry.path
            let result = (path + [0]).withUnsafeBufferPointer { path in
                entry.value.withUnsafeBytes { value in
                    path.withMemoryRebound(to: CChar.self) {
                        sys_set_attribute($0.baseAddress!, "security.capability", value.baseAddress!, value.count)
                    }
                }
            }
            if result < 0 { console.say(InitError("give \(String(path)) its capabilities", code: Int(result)).message) }
        }
    }
}
