/// Which part of a resource a request wants (RFC 9110 §14).
enum ByteRange: Hashable, Sendable {
    case whole
    case part(Range<UInt64>)
    /// Nothing of what was asked for is there (416).
    case unsatisfiable

    /// - Parameters:
    ///   - header: The `Range` field. Absent, malformed, in another unit or several ranges: the whole, as §14.2
    ///     allows (no boot client sends several).
    ///   - length: Of the resource, in bytes.
    init(header: String?, length: UInt64) {
        guard let header, let (first, last) = Self.parse(header) else {
            self = .whole
            return
        }
        switch (first, last) {
        case (let first?, let last):
            guard first < length else {
                self = .unsatisfiable
                return
            }
            let end = last.map { $0 >= length ? length : $0 + 1 } ?? length
            self = .part(first..<end)
        case (nil, let suffix?):
            guard suffix > 0, length > 0 else {
                self = .unsatisfiable
                return
            }
            self = .part(length - min(suffix, length)..<length)
        case (nil, nil):
            self = .whole
        }
    }

    /// The two numbers of one range; nil when it is not one.
    private static func parse(_ header: String) -> (first: UInt64?, last: UInt64?)? {
        let bytes = Array(header.utf8)
        let unit = Array("bytes=".utf8)
        guard bytes.count > unit.count, zip(bytes, unit).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) else { return nil }
        let specification = bytes[unit.count...].filter { $0 != UInt8(ascii: " ") }
        guard let dash = specification.firstIndex(of: UInt8(ascii: "-")) else { return nil }
        let (left, right) = (specification[..<dash], specification[(dash + 1)...])
        let (first, last) = (number(left), number(right))
        guard first != nil || left.isEmpty, last != nil || right.isEmpty else { return nil }
        guard first != nil || last != nil else { return nil }
        if let first, let last, last < first { return nil }
        return (first, last)
    }

    private static func number(_ digits: some Collection<UInt8>) -> UInt64? {
        guard (1...19).contains(digits.count) else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + UInt64(digit - UInt8(ascii: "0"))
        }
        return value
    }
}
