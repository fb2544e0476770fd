/// A list of header fields as HTTP/2 has it (RFC 7541), for a peer that was told to keep no table of its own: every field
/// stands there whole, or is one of the fixed table, which has none that we read.
enum HeaderBlock {
    /// Every field whole, and nothing for the peer's table (RFC 7541 § 6.2.2).
    static func encode(_ fields: [(name: String, value: String)]) -> [UInt8] {
        var bytes: [UInt8] = []
        for field in fields {
            bytes.append(0)
            for text in [field.name, field.value] {
                addNumber(text.utf8.count, to: &bytes)
                bytes += text.utf8
            }
        }
        return bytes
    }

    /// The fields that have names of their own, in order; nil for what is no such list.
    static func decode(_ bytes: [UInt8]) -> [(name: [UInt8], value: [UInt8])]? {
        var fields: [(name: [UInt8], value: [UInt8])] = []
        var place = 0
        while place < bytes.count {
            let first = bytes[place]
            if first & 0x80 != 0 {  // A field of the table.
                guard readNumber(bytes, &place, bits: 7) != nil else { return nil }
            } else if first & 0xe0 == 0x20 {  // How large the peer's table is.
                guard readNumber(bytes, &place, bits: 5) != nil else { return nil }
            } else {
                guard let index = readNumber(bytes, &place, bits: first & 0xc0 == 0x40 ? 6 : 4) else { return nil }
                var name: [UInt8]? = []
                if index == 0 { name = readText(bytes, &place) }
                guard let name, let value = readText(bytes, &place) else { return nil }
                fields.append((name, value))
            }
        }
        return fields
    }

    /// RFC 7541 § 5.1, of a byte's last seven bits, the first being 0.
    private static func addNumber(_ number: Int, to bytes: inout [UInt8]) {
        guard number >= 0x7f else { return bytes.append(UInt8(number)) }
        bytes.append(0x7f)
        var rest = number - 0x7f
        while rest > 0x7f {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private static func readNumber(_ bytes: [UInt8], _ place: inout Int, bits: Int) -> Int? {
        guard place < bytes.count else { return nil }
        let full = 1 << bits - 1
        var value = Int(bytes[place]) & full
        place += 1
        guard value == full else { return value }
        for shift in stride(from: 0, to: 28, by: 7) {
            guard place < bytes.count else { return nil }
            let byte = bytes[place]
            place += 1
            value += Int(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    private static func readText(_ bytes: [UInt8], _ place: inout Int) -> [UInt8]? {
        guard place < bytes.count else { return nil }
        let isShortened = bytes[place] & 0x80 != 0
        guard let length = readNumber(bytes, &place, bits: 7), length <= bytes.count - place else { return nil }
        let text = bytes[place..<place + length]
        place += length
        return isShortened ? HuffmanCode.decode(text) : Array(text)
    }
}

/// RFC 7541 appendix B, as far as it is about printable ASCII: there are no other characters in what gRPC says.
enum HuffmanCode {
    /// Bits of the codes of 0x20 to 0x7e. The code is canonical: of two equally long ones the greater character's is greater.
    private static let lengths: [UInt8] = [
        6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
        13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
    ]
    /// Longer codes stand for what is no printable ASCII, but for one: the backslash.
    private static let longest = 15

    /// What cannot be read is left out; the rest of the text with it.
    static func decode(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        // NUL has a code of 13 bits, which comes before all others of that length.
        var symbols: [[UInt8]] = Array(repeating: [], count: longest + 1)
        symbols[13].append(0)
        for (index, length) in lengths.enumerated() where length <= longest {
            symbols[Int(length)].append(UInt8(index + 0x20))
        }
        var text: [UInt8] = []
        var code = 0
        var first = 0
        var length = 0
        for byte in bytes {
            for bit in stride(from: 7, through: 0, by: -1) {
                code = code << 1 | Int(byte >> UInt8(bit) & 1)
                first <<= 1
                length += 1
                guard length <= longest else { return text }
                if code - first < symbols[length].count {
                    text.append(symbols[length][code - first])
                    (code, first, length) = (0, 0, 0)
                } else {
                    first += symbols[length].count
                }
            }
        }
        return text
    }
}
