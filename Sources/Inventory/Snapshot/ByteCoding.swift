import Vocabulary

/// Writes values one after the other: integers as LEB128, text and lists with their length before them.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func reserveCapacity(_ count: Int) { bytes.reserveCapacity(count) }
    mutating func append(raw octets: some Sequence<UInt8>) { bytes.append(contentsOf: octets) }

    mutating func append(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    mutating func append(_ count: Int) { append(UInt64(count)) }

    mutating func append(_ text: String) {
        append(text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    /// A byte that says whether there is one, then the value.
    mutating func append<Value>(optional value: Value?, _ write: (inout ByteWriter, Value) -> Void) {
        bytes.append(value == nil ? 0 : 1)
        if let value { write(&self, value) }
    }

    mutating func append(optional text: String?) { append(optional: text) { $0.append($1) } }

    mutating func append(_ uuid: MachineUUID) {
        append(uuid.high)
        append(uuid.low)
    }

    mutating func append(_ digest: Digest) { append(raw: digest.octets) }
}

/// Reads what `ByteWriter` wrote. Never past the end, whatever the bytes are.
struct ByteReader {
    struct Malformed: Error {}

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func byte() throws(Malformed) -> UInt8 {
        guard let byte = rest.popFirst() else { throw Malformed() }
        return byte
    }

    mutating func integer() throws(Malformed) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 70, by: 7) {
            let byte = try byte()
            value |= UInt64(byte & 0x7f) << UInt64(shift)
            if byte < 0x80 { return value }
        }
        throw Malformed()
    }

    /// A count of things of which each takes at least a byte.
    mutating func count() throws(Malformed) -> Int {
        guard let count = Int(exactly: try integer()), count <= rest.count else { throw Malformed() }
        return count
    }

    mutating func octets(_ count: Int) throws(Malformed) -> ArraySlice<UInt8> {
        guard count <= rest.count else { throw Malformed() }
        let octets = rest.prefix(count)
        rest = rest.dropFirst(count)
        return octets
    }

    mutating func text() throws(Malformed) -> String {
        guard let text = String(validating: try octets(try count()), as: UTF8.self) else { throw Malformed() }
        return text
    }

    mutating func optional<Value>(_ read: (inout ByteReader) throws(Malformed) -> Value) throws(Malformed) -> Value? {
        try byte() == 0 ? nil : try read(&self)
    }

    mutating func optionalText() throws(Malformed) -> String? {
        try byte() == 0 ? nil : try text()
    }

    mutating func uuid() throws(Malformed) -> MachineUUID {
        MachineUUID(high: try integer(), low: try integer())
    }

    mutating func digest() throws(Malformed) -> Digest {
        guard let digest = Digest(octets: try octets(32)) else { throw Malformed() }
        return digest
    }
}
