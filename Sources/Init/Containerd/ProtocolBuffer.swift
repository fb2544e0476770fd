/// A message of protocol buffers (https://protobuf.dev/programming-guides/encoding): numbered fields, of which those who do
/// not know a number pass over it.
struct ProtocolBuffer: Equatable {
    private(set) var bytes: [UInt8] = []

    /// Strings, bytes and messages within messages are written alike.
    mutating func add(_ field: Int, _ content: [UInt8]) {
        addNumber(field << 3 | 2)
        addNumber(content.count)
        bytes += content
    }

    mutating func add(_ field: Int, _ text: String) { add(field, Array(text.utf8)) }
    mutating func add(_ field: Int, _ message: ProtocolBuffer) { add(field, message.bytes) }

    private mutating func addNumber(_ number: Int) {
        var rest = UInt64(number)
        while rest > 0x7f {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// The number in a field of a message; nil when it is not there, which means zero, or when the message is none.
    static func number(_ wanted: Int, in bytes: [UInt8]) -> Int? {
        var place = 0
        var found: Int?
        while place < bytes.count {
            guard let tag = readNumber(bytes, &place), let value = readValue(tag & 7, bytes, &place) else { return nil }
            if tag >> 3 == wanted, tag & 7 == 0 { found = value }
        }
        return found
    }

    /// What the field has, or how long it is.
    private static func readValue(_ kind: Int, _ bytes: [UInt8], _ place: inout Int) -> Int? {
        var length: Int
        switch kind {
        case 0: return readNumber(bytes, &place)
        case 1: length = 8
        case 5: length = 4
        case 2:
            guard let number = readNumber(bytes, &place) else { return nil }
            length = number
        default: return nil
        }
        guard length <= bytes.count - place else { return nil }
        place += length
        return length
    }

    /// Never negative: numbers here are 32 bits long.
    private static func readNumber(_ bytes: [UInt8], _ place: inout Int) -> Int? {
        var value = 0
        for shift in stride(from: 0, to: 56, by: 7) {
            guard place < bytes.count else { return nil }
            let byte = bytes[place]
            place += 1
            value |= Int(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
