/// Text as bytes: splitting and trimming look at bytes only, never at Unicode's characters.
extension [UInt8] {
    /// The bytes between white space at either end.
    var trimmed: [UInt8] {
        guard let first = firstIndex(where: { !$0.isSpace }), let last = lastIndex(where: { !$0.isSpace }) else {
            return []
        }
        return Array(self[first...last])
    }

    /// The parts between separators; empty ones are left out.
    func parts(separatedBy separator: UInt8) -> [[UInt8]] {
        split(separator: separator).map { Array($0) }
    }

    /// The words between white space.
    var words: [[UInt8]] { split(whereSeparator: { $0.isSpace }).map { Array($0) } }
    var lines: [[UInt8]] { parts(separatedBy: UInt8(ascii: "\n")) }

    func starts(with text: String) -> Bool { starts(with: text.utf8) }
}

extension String {
    init(_ bytes: [UInt8]) { self = String(decoding: bytes, as: UTF8.self) }

    /// Parts between separators; empty ones are left out.
    func parts(separatedBy separator: UInt8) -> [String] {
        Array(utf8).parts(separatedBy: separator).map { String($0) }
    }

    func hasBytes(prefix: String) -> Bool { utf8.starts(with: prefix.utf8) }

    /// What follows the first `count` bytes.
    func droppingBytes(_ count: Int) -> String { String(Array(utf8.dropFirst(count))) }
}

extension UInt8 {
    var isSpace: Bool { self == 0x20 || (0x09...0x0d).contains(self) }
    var isDigit: Bool { (0x30...0x39).contains(self) }

    /// The value of a hexadecimal digit.
    var hexadecimalValue: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x61...0x66: self - 0x61 + 10
        case 0x41...0x46: self - 0x41 + 10
        default: nil
        }
    }

    var lowercased: UInt8 { (0x41...0x5a).contains(self) ? self + 0x20 : self }
}
