import Vocabulary

/// A request to read a file (RFC 1350 5, with the options of RFC 2347).
///
/// ```
///  2 bytes   string  1 byte  string 1 byte  string 1 byte  string 1 byte
///  ------------------------------------------------------------------ ~
/// |   01   | Filename |  0 |  Mode  |  0 |  opt1  |  0 | value1 |  0 | … |
///  ------------------------------------------------------------------ ~
/// ```
struct ReadRequest: Hashable, Sendable {
    enum Mode: Hashable, Sendable { case octet, netascii }

    var name: BytePath
    var mode: Mode
    /// As sent, in the order sent.
    var options: [TFTPOption]

    /// Bytes of the longest file name that is read.
    static let longestName = 512
    /// Options beyond these are ignored: no client has so many.
    static let mostOptions = 16

    /// - Parameter bytes: a datagram that came to the server's port.
    /// - Throws: what the client shall be told. A request without its last NUL is taken: PXE ROMs forget it.
    init(parsing bytes: some RandomAccessCollection<UInt8>) throws(TFTPError) {
        let opcode = bytes.prefix(2).reduce(0) { $0 << 8 | UInt16($1) }
        switch TFTPOpcode(rawValue: opcode) {
        case .readRequest: break
        case .writeRequest: throw TFTPError(.accessViolation, "this server is read-only")
        default: throw TFTPError(.illegalOperation, "not a read request")
        }
        var strings = bytes.dropFirst(2).split(
            separator: 0,
            maxSplits: 2 + 2 * Self.mostOptions,
            omittingEmptySubsequences: false
        )
        // What follows the last NUL: nothing, unless it was forgotten.
        if strings.last?.isEmpty == true { strings.removeLast() }
        guard strings.count >= 2, !strings[0].isEmpty else {
            throw TFTPError(.illegalOperation, "malformed request: no file name")
        }
        guard strings[0].count <= Self.longestName else {
            throw TFTPError(.illegalOperation, "malformed request: file name too long")
        }
        name = BytePath(strings.removeFirst())
        mode = try Self.mode(strings.removeFirst())
        options = stride(from: 0, to: max(0, strings.count - 1), by: 2).prefix(Self.mostOptions).compactMap { index in
            strings[index].isEmpty ? nil : TFTPOption(name: Array(strings[index]), value: Array(strings[index + 1]))
        }
    }

    private static func mode(_ text: some Collection<UInt8>) throws(TFTPError) -> Mode {
        let folded = String(decoding: text, as: UTF8.self).lowercased()
        switch folded {
        case "octet": return .octet
        case "netascii": return .netascii
        case "mail": throw TFTPError(.illegalOperation, "mail mode is not served")
        default: throw TFTPError(.illegalOperation, "unknown transfer mode")
        }
    }
}

/// One option of a request, or of its acknowledgement, as bytes.
struct TFTPOption: Hashable, Sendable {
    var name: [UInt8]
    var value: [UInt8]

    init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }

    init(_ name: String, _ value: String) {
        self.init(name: Array(name.utf8), value: Array(value.utf8))
    }

    /// Option names are case-insensitive (RFC 2347 2).
    func isNamed(_ other: StaticString) -> Bool {
        name.count == other.utf8CodeUnitCount
            && other.withUTF8Buffer { zip(name, $0).allSatisfy { $0 | 0x20 == $1 } }
    }

    /// The value as a decimal number; nil for anything but digits, and for what needs more than 64 bits.
    var number: UInt64? {
        guard !value.isEmpty, value.count <= 20 else { return nil }
        var result: UInt64 = 0
        for byte in value {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            let (product, overflow) = result.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
            guard !overflow, !carry else { return nil }
            result = sum
        }
        return result
    }
}
