import Vocabulary

/// What a request line asks for (RFC 9112 §3.2): a path and a query, as bytes.
struct RequestTarget: Hashable, Sendable {
    /// Decoded, without empty parts.
    let components: [BytePath]
    /// Still encoded, without the question mark; empty when there is none.
    let query: ArraySlice<UInt8>

    /// Nil when an escape is broken, or when the path climbs (`..`) or holds a NUL. Origin form and absolute form.
    init?(_ uri: String) {
        var bytes = Array(uri.utf8)[...]
        if let end = bytes.firstIndex(of: UInt8(ascii: "#")) { bytes = bytes[..<end] }
        if bytes.first != UInt8(ascii: "/") {
            guard let path = Self.pathOfAbsoluteForm(bytes) else { return nil }
            bytes = path
        }
        let question = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.endIndex
        query = bytes[question...].dropFirst()
        guard let path = Self.percentDecoded(bytes[..<question]), let components = BytePath(path).components else {
            return nil
        }
        self.components = components
    }

    private static func pathOfAbsoluteForm(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        for scheme in ["http://", "https://"] where bytes.starts(with: scheme.utf8) {
            let rest = bytes.dropFirst(scheme.utf8.count)
            return rest.firstIndex(of: UInt8(ascii: "/")).map { rest[$0...] } ?? [UInt8(ascii: "/")]
        }
        return nil
    }

    /// `%hh` decoded (RFC 3986 §2.1); nil when an escape is not two hexadecimal digits. `+` is a plus.
    static func percentDecoded(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            if bytes[index] == UInt8(ascii: "%") {
                guard index + 2 < bytes.endIndex, let high = hexadecimalDigit(bytes[index + 1]),
                    let low = hexadecimalDigit(bytes[index + 2])
                else { return nil }
                result.append(high << 4 | low)
                index += 3
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return result
    }

    /// The decoded value of a name in the query; the first one wins, and what is broken is not there.
    func value(of name: StaticString) -> [UInt8]? {
        encodedValue(of: name).flatMap(Self.percentDecoded)
    }

    func text(of name: StaticString) -> String? {
        guard let encoded = encodedValue(of: name) else { return nil }
        // Nearly all that firmware says is spelled as it is.
        guard encoded.contains(UInt8(ascii: "%")) else { return String(validating: encoded, as: UTF8.self) }
        return Self.percentDecoded(encoded).flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// What stands behind `name=` in the query, up to the next field.
    private func encodedValue(of name: StaticString) -> ArraySlice<UInt8>? {
        name.withUTF8Buffer { name in
            var field = query
            while true {
                let end = field.firstIndex(of: UInt8(ascii: "&")) ?? field.endIndex
                let value = field.startIndex + name.count + 1
                if value <= end, field[value - 1] == UInt8(ascii: "="), field[..<end].starts(with: name) {
                    return field[value..<end]
                }
                guard end < field.endIndex else { return nil }
                field = field[(end + 1)...]
            }
        }
    }
}
