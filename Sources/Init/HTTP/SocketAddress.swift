/// An IPv4 address and a port, `192.0.2.1:80`; `:80` is of the machine itself.
struct SocketAddress: Equatable {
    /// In host byte order.
    var address: UInt32
    var port: UInt16

    /// - Parameter defaultPort: of a text without one; nil when there must be one.
    init(_ text: String, defaultPort: UInt16? = nil) throws(InitError) {
        let bytes = Array(text.utf8)
        let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
        let host = Array(bytes[..<(colon ?? bytes.count)])
        let digits = colon.map { Array(bytes[($0 + 1)...]) }
        guard let port = digits.map({ Self.number($0, upTo: 65535) }) ?? defaultPort.map({ UInt32($0) }), port > 0
        else {
            throw InitError("'\(text)' has no port, expected an IPv4 address and one as 192.0.2.1:80")
        }
        self.port = UInt16(port)
        if host.isEmpty && colon != nil || host == Array("localhost".utf8) {
            address = 0x7f00_0001
            return
        }
        let parts = host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Self.number(Array($0), upTo: 255) }
        guard parts.count == 4, numbers.count == 4 else {
            throw InitError("'\(text)' has no IPv4 address, expected one and a port as 192.0.2.1:80")
        }
        address = numbers.reduce(0) { $0 << 8 | $1 }
    }

    private static func number(_ digits: [UInt8], upTo highest: UInt32) -> UInt32? {
        guard 1...5 ~= digits.count, digits.allSatisfy({ $0.isDigit }) else { return nil }
        let value = digits.reduce(UInt32(0)) { $0 * 10 + UInt32($1 - 0x30) }
        return value <= highest ? value : nil
    }

    /// As HTTP's Host field has it.
    var text: String {
        "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255):\(port)"
    }
}

/// `http://192.0.2.1:8080/path`.
struct HTTPAddress: Equatable {
    var socket: SocketAddress
    /// With a slash at its beginning.
    var path: String

    init(_ text: String) throws(InitError) {
        let scheme = "http://"
        guard text.hasBytes(prefix: scheme) else {
            let reason = text.hasBytes(prefix: "https://") ? "is HTTPS, which is not spoken here" : "is no address"
            throw InitError("'\(text)' \(reason): expected \(scheme)")
        }
        guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw InitError("'\(text)' holds what no address does")
        }
        let rest = Array(text.utf8.dropFirst(scheme.utf8.count))
        let slash = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.count
        socket = try SocketAddress(String(Array(rest[..<slash])), defaultPort: 80)
        path = slash == rest.count ? "/" : String(Array(rest[slash...]))
    }
}
