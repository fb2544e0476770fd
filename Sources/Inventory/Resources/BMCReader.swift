import Vocabulary

/// Reads the members of one `bmc:`.
struct BMCReader {
    let members: [String: JSONValue]

    static let secretForms = "env:NAME, file:/path or {command: [program, argument …]}"

    func check(_ keys: [String]) throws(BMCProblem) {
        for key in keys where !BMC.keys.contains(key) {
            throw BMCProblem(key: key, found: key, expected: "one of \(BMC.keys.joined(separator: ", "))")
        }
        func needs(_ dependents: [String], _ key: String) throws(BMCProblem) {
            for dependent in dependents where members[dependent] != nil && members[key] == nil {
                throw BMCProblem(key: dependent, found: nil, expected: "it beside \(key)")
            }
        }
        try needs(["system", "insecure", "fingerprint"], "redfish")
        try needs(["cipher"], "ipmi")
    }

    func wrong(_ key: String, _ expected: String) -> BMCProblem {
        let found: String? =
            switch members[key] {
            case .string(let text)?: text
            case .array?: "a list"
            case .object?: "a mapping"
            case let value?: value.json
            case nil: nil
            }
        return BMCProblem(key: key, found: found, expected: expected)
    }

    func bool(_ key: String) throws(BMCProblem) -> Bool? {
        switch members[key] {
        case nil: return nil
        case .bool(let value)?: return value
        default: throw wrong(key, "true or false")
        }
    }

    private func text(_ key: String, _ expected: String) throws(BMCProblem) -> String? {
        switch members[key] {
        case nil: return nil
        case .string(let text)? where !text.isEmpty && text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }): return text
        default: throw wrong(key, expected)
        }
    }

    private func texts(_ value: JSONValue?) -> [String]? {
        guard case .array(let values)? = value else { return nil }
        let texts = values.compactMap { if case .string(let text) = $0 { text } else { nil } }
        return texts.count == values.count && texts.first?.isEmpty == false ? texts : nil
    }

    func program(_ key: String) throws(BMCProblem) -> [String] {
        guard let value = members[key] else { return [] }
        guard let texts = texts(value) else { throw wrong(key, "a list of a program and its arguments, as text") }
        return texts
    }

    func secret(_ key: String) throws(BMCProblem) -> SecretReference? {
        switch members[key] {
        case nil: return nil
        case .string(let text)?:
            if let reference = SecretReference(text) { return reference }
            // Not shown: what stands here instead of a reference is a password.
            throw BMCProblem(key: key, found: nil, expected: "\(Self.secretForms); never the password itself")
        case .object(let members)?:
            if members.count == 1, let command = texts(members["command"]) { return .command(command) }
            throw BMCProblem(key: key, found: nil, expected: Self.secretForms)
        default: throw BMCProblem(key: key, found: nil, expected: Self.secretForms)
        }
    }

    func cards(_ key: String, of macs: [MACAddress]) throws(BMCProblem) -> [MACAddress] {
        let expected = "true or the MAC of a network card"
        switch members[key] {
        case nil, .bool(false)?: return []
        case .bool(true)?: return Array(macs.prefix(1))
        case .string(let text)?:
            guard let mac = MACAddress(text), !mac.isGroupOrZero else { throw wrong(key, expected) }
            return [mac]
        default: throw wrong(key, expected)
        }
    }

    func ipmi() throws(BMCProblem) -> BMC.IPMI? {
        let expected = "a host, or HOST:PORT"
        guard let text = try text("ipmi", expected) else { return nil }
        guard let (host, port) = Self.endpoint(text[...], standard: 623) else { throw wrong("ipmi", expected) }
        switch members["cipher"] {
        case nil: return BMC.IPMI(host: host, port: port, cipher: nil)
        case .integer(let cipher)? where 0...17 ~= cipher:
            return BMC.IPMI(host: host, port: port, cipher: Int(cipher))
        default: throw wrong("cipher", "a cipher suite's number, such as 17 or 3")
        }
    }

    func redfish() throws(BMCProblem) -> BMC.Redfish? {
        let expected = "https://HOST[:PORT]"
        guard let text = try text("redfish", expected) else { return nil }
        let isSecure = text.hasPrefix("https://")
        guard isSecure || text.hasPrefix("http://") else { throw wrong("redfish", expected) }
        var rest = text.dropFirst(isSecure ? 8 : 7)
        // A password may stand before the '@': it is not shown.
        if rest.contains("@") { throw BMCProblem(key: "redfish", found: nil, expected: "\(expected), without a user") }
        if rest.hasSuffix("/") { rest.removeLast() }
        if rest.hasSuffix("/redfish/v1") { rest.removeLast(11) }
        guard let (host, port) = Self.endpoint(rest, standard: isSecure ? 443 : 80) else {
            throw wrong("redfish", expected)
        }
        let isInsecure = try bool("insecure") ?? false
        if !isSecure, !isInsecure {
            throw BMCProblem(
                key: "redfish",
                found: text,
                expected: "https; or `insecure: true` beside it, which sends the password to whoever listens"
            )
        }
        return BMC.Redfish(
            isSecure: isSecure,
            host: host,
            port: port,
            trust: try trust(isInsecure: isInsecure),
            system: try self.text("system", "the name of one of the controller's systems")
        )
    }

    private func trust(isInsecure: Bool) throws(BMCProblem) -> BMC.Redfish.Trust {
        let expected = "64 hexadecimal digits: the SHA-256 of the controller's certificate"
        guard let text = try text("fingerprint", expected) else { return isInsecure ? .anything : .firstSeen }
        // Written as openssl and browsers show it, too.
        let hexadecimal = text.lowercased().filter { $0 != ":" }
        guard let digest = Digest(hex: hexadecimal) else { throw wrong("fingerprint", expected) }
        if isInsecure { throw BMCProblem(key: "fingerprint", found: nil, expected: "either it or insecure") }
        return .fingerprint(digest)
    }

    /// `host`, `host:port`, `[2001:db8::1]:port`.
    private static func endpoint(_ text: Substring, standard: Int) -> (host: String, port: Int)? {
        var host = text
        var port = standard
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            if !rest.isEmpty {
                guard rest.hasPrefix(":"), let number = Int(rest.dropFirst()) else { return nil }
                port = number
            }
            guard host.utf8.allSatisfy({ isHostByte($0) || $0 == UInt8(ascii: ":") }) else { return nil }
        } else {
            if let colon = text.firstIndex(of: ":") {
                guard let number = Int(text[text.index(after: colon)...]) else { return nil }
                (host, port) = (text[..<colon], number)
            }
            // ipmitool must not take it for an option.
            guard host.utf8.allSatisfy(isHostByte), !host.hasPrefix("-") else { return nil }
        }
        guard !host.isEmpty, 1...65535 ~= port else { return nil }
        return (String(host), port)
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
