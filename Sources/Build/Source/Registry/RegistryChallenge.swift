/// How a registry wants to be told who asks: one challenge of a WWW-Authenticate header (RFC 9110 §11.6.1).
enum RegistryChallenge: Hashable, Sendable {
    case basic
    /// A token from elsewhere (RFC 6750; the distribution project's token authentication).
    case bearer(realm: String, service: String?, scope: String?)

    /// - Returns: the best challenge of all such headers; nil when there is none that is understood.
    static func best(of headers: [String]) -> RegistryChallenge? {
        let all = headers.compactMap(RegistryChallenge.init)
        return all.first { $0 != .basic } ?? all.first
    }

    init?(_ header: String) {
        let parts = header.split(separator: " ", maxSplits: 1)
        switch parts.first?.lowercased() {
        case "basic":
            self = .basic
        case "bearer":
            let parameters = parts.count == 2 ? Self.parameters(parts[1]) : [:]
            guard let realm = parameters["realm"] else { return nil }
            self = .bearer(realm: realm, service: parameters["service"], scope: parameters["scope"])
        default:
            return nil
        }
    }

    /// `name="value",name=value`; values in quotes may hold commas and escaped characters.
    private static func parameters(_ text: Substring) -> [String: String] {
        var parameters: [String: String] = [:]
        var rest = Array(text.utf8)[...]
        func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: ",") }
        while true {
            rest = rest.drop(while: isBlank)
            guard let equals = rest.firstIndex(of: UInt8(ascii: "=")) else { return parameters }
            let name = String(decoding: rest[..<equals], as: UTF8.self).lowercased()
            rest = rest[(equals + 1)...]
            var value: [UInt8] = []
            if rest.first == UInt8(ascii: "\"") {
                rest = rest.dropFirst()
                while let byte = rest.first, byte != UInt8(ascii: "\"") {
                    rest = rest.dropFirst()
                    if byte == UInt8(ascii: "\\"), let escaped = rest.first {
                        value.append(escaped)
                        rest = rest.dropFirst()
                    } else {
                        value.append(byte)
                    }
                }
                rest = rest.dropFirst()
            } else {
                value = Array(rest.prefix { !isBlank($0) })
                rest = rest.dropFirst(value.count)
            }
            parameters[name] = String(decoding: value, as: UTF8.self)
        }
    }
}
