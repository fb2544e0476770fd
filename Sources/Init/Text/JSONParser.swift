/// Reads one JSON text, strictly (RFC 8259).
struct JSONParser {
    /// Of values in one another.
    static let deepest = 32

    private let bytes: [UInt8]
    private var position = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// - Throws: with the offset of the byte that is wrong.
    static func parse(_ bytes: [UInt8]) throws(InitError) -> JSON {
        var parser = JSONParser(bytes)
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.position == bytes.count else { throw parser.expected("the end") }
        return value
    }

    private func expected(_ what: String) -> InitError {
        InitError("no JSON: expected \(what) at byte \(position)")
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(InitError) -> JSON {
        guard depth < Self.deepest else { throw expected("at most \(Self.deepest) values in one another") }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: String, _ value: JSON) throws(InitError) -> JSON {
        guard bytes[position...].starts(with: word.utf8) else { throw expected(word) }
        position += word.utf8.count
        return value
    }

    private mutating func object(depth: Int) throws(InitError) -> JSON {
        position += 1
        var members: [JSON.Member] = []
        if take(UInt8(ascii: "}")) { return .object(members) }
        repeat {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw expected("a member's name") }
            let name = try string()
            guard !members.contains(where: { $0.name == name }) else { throw expected("another name than '\(name)'") }
            guard take(UInt8(ascii: ":")) else { throw expected("':'") }
            members.append(JSON.Member(name: name, value: try value(depth: depth + 1)))
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw expected("'}'") }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(InitError) -> JSON {
        position += 1
        var elements: [JSON] = []
        if take(UInt8(ascii: "]")) { return .array(elements) }
        repeat { elements.append(try value(depth: depth + 1)) } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw expected("']'") }
        return .array(elements)
    }

    private mutating func number() throws(InitError) -> JSON {
        let begin = position
        if next == UInt8(ascii: "-") { position += 1 }
        let whole = position
        try digits()
        guard bytes[whole] != UInt8(ascii: "0") || position == whole + 1 else {
            throw expected("a number without leading zeros")
        }
        if next == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        return .number(String(Array(bytes[begin..<position])))
    }

    private mutating func digits() throws(InitError) {
        guard let byte = next, byte.isDigit else { throw expected("a value") }
        while let byte = next, byte.isDigit { position += 1 }
    }

    // MARK: Strings

    private mutating func string() throws(InitError) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard String(text).utf8.elementsEqual(text) else { throw expected("UTF-8 before this") }
                return String(text)
            case UInt8(ascii: "\\"): try escape(to: &text)
            case 0..<0x20: throw expected("no control character before this")
            default: text.append(byte)
            }
        }
        throw expected("'\"'")
    }

    private mutating func escape(to text: inout [UInt8]) throws(InitError) {
        guard let byte = next else { throw expected("an escape") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = try unit()
            if (0xd800..<0xdc00).contains(code) {
                guard bytes[position...].starts(with: "\\u".utf8) else { throw expected("the pair of a surrogate") }
                position += 2
                let low = try unit()
                guard (0xdc00..<0xe000).contains(low) else { throw expected("the pair of a surrogate before this") }
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw expected("a character before this") }
            text += UTF8.encode(scalar)!
        default: throw expected("an escape before this")
        }
    }

    private mutating func unit() throws(InitError) -> UInt32 {
        guard position + 4 <= bytes.count else { throw expected("four hexadecimal digits") }
        var value: UInt32 = 0
        for byte in bytes[position..<(position + 4)] {
            guard let digit = byte.hexadecimalValue else { throw expected("four hexadecimal digits") }
            value = value << 4 | UInt32(digit)
        }
        position += 4
        return value
    }
}
