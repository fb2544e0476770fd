/// The value of one hexadecimal digit in either case; nil for any other byte.
@inlinable
package func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}

/// The lower-case digit of a value below 16.
@inlinable
package func hexadecimalCharacter(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}

/// Lower-case hexadecimal, two digits an octet, no separators.
public func hexadecimal(_ octets: some Collection<UInt8>) -> String {
    String(unsafeUninitializedCapacity: 2 * octets.count) { buffer in
        var index = 0
        for octet in octets {
            buffer[index] = hexadecimalCharacter(octet >> 4)
            buffer[index + 1] = hexadecimalCharacter(octet & 15)
            index += 2
        }
        return index
    }
}

/// The octets that an even number of hexadecimal digits spell; nil for anything else.
public func parseHexadecimal(_ text: some StringProtocol) -> [UInt8]? {
    let utf8 = Array(text.utf8)
    guard utf8.count.isMultiple(of: 2) else { return nil }
    var result: [UInt8] = []
    result.reserveCapacity(utf8.count / 2)
    for index in stride(from: 0, to: utf8.count, by: 2) {
        guard let high = hexadecimalDigit(utf8[index]), let low = hexadecimalDigit(utf8[index + 1]) else { return nil }
        result.append(high << 4 | low)
    }
    return result
}
